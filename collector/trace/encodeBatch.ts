/**
 * A batch as Arrow IPC messages: the dictionaries of its texts and of whom its rows are about, then its columns. All in one
 * piece, so that they reach the file in one write. Nothing before them is needed to read them.
 *
 * The buffers are laid out here and not by apache-arrow's writer: up to 21.2.0 that one puts the compressed length
 * before each compressed buffer where the format wants the uncompressed one (Message.fbs, BodyCompressionMethod), and
 * no other reader accepts its files.
 */

import { CompressionType } from "apache-arrow";
import {
  BodyCompression,
  BufferRegion,
  DictionaryBatch,
  FieldNode,
  RecordBatch,
} from "apache-arrow/ipc/metadata/message";
import { columnNames } from "./columns.ts";
import { encodeMessage } from "./encodeMessage.ts";
import type { RowEncoder } from "./encodeRows.ts";
import { type Effort, packZstd } from "./zstd.ts";

/** The dictionary of all texts. Those of `subjectColumns` follow it. */
export const textDictionary = 0;
/** As many as a busy host with hundreds of holders tells at interval detail, and twice that. */
const fewRowsASecond = 100;

/**
 * The buffers of one message, end to end. What was put there before is not put there again: most columns of a batch are
 * empty, and columns that belong together have the same rows. Both then lie in the same place.
 */
class Body {
  readonly #effort: Effort;
  readonly regions: BufferRegion[] = [];
  readonly parts: Uint8Array[] = [];
  #length = 0;
  readonly #known = new Map<number, { readonly bytes: Uint8Array; readonly region: BufferRegion }[]>();
  readonly #zeros = new Map<number, BufferRegion>();

  constructor(effort: Effort) {
    this.#effort = effort;
  }

  /** @param bytes stay as they are until the message is made */
  add(bytes: Uint8Array): void {
    const alike = this.#known.get(bytes.length) ?? [];
    const known = alike.find((other) => Buffer.compare(other.bytes, bytes) === 0);
    const region = known?.region ?? this.#append(packed(bytes, this.#effort));
    this.regions.push(region);
    if (known !== undefined) return;
    alike.push({ bytes, region });
    this.#known.set(bytes.length, alike);
  }

  /** Of a column without any value. */
  addZeros(length: number): void {
    const region = this.#zeros.get(length) ?? this.#append(packed(new Uint8Array(length), this.#effort));
    this.#zeros.set(length, region);
    this.regions.push(region);
  }

  addNothing(): void {
    this.regions.push(new BufferRegion(this.#length, 0));
  }

  #append(bytes: Uint8Array): BufferRegion {
    const region = new BufferRegion(this.#length, bytes.length);
    const padding = -bytes.length & 7;
    this.parts.push(bytes);
    if (padding > 0) this.parts.push(new Uint8Array(padding));
    this.#length += bytes.length + padding;
    return region;
  }
}

/** Length before packing, -1: not packed since that would be longer; then the bytes. */
function packed(bytes: Uint8Array, effort: Effort): Uint8Array {
  const frame = bytes.length > leastFrameBytes ? packZstd(bytes, effort) : undefined;
  const smaller = frame !== undefined && frame.length < bytes.length;
  const content = smaller ? frame : bytes;
  const whole = new Uint8Array(8 + content.length);
  new DataView(whole.buffer).setBigInt64(0, BigInt(smaller ? bytes.length : -1), true);
  whole.set(content, 8);
  return whole;
}

/** Nothing becomes less than this: a frame's header, a block's header and a byte. */
const leastFrameBytes = 13;
const zstd = () => new BodyCompression(CompressionType.ZSTD);

export interface BatchFacts {
  /** From 1. */
  readonly number: number;
  readonly checkpoint: boolean;
  /** Least and greatest time, ns; of a checkpoint, both the time whose state it is. */
  readonly from: bigint;
  readonly to: bigint;
  /** The wall clock at `from`, ms since 1970. */
  readonly wall: number;
}

export function encodeBatch(encoder: RowEncoder, facts: BatchFacts): Uint8Array {
  encoder.columns.checkpoint.fill(encoder.rows, facts.checkpoint);
  const batch = { batch: String(facts.number) };
  const about = {
    ...batch,
    rows: String(encoder.rows),
    from: String(facts.from),
    to: String(facts.to),
    wall: String(Math.round(facts.wall)),
    holds: facts.checkpoint ? "checkpoint" : "events",
  };
  const effort = effortFor(encoder.rows, facts);
  const { count, offsets, text } = encoder.dictionary.layout();
  const dictionary = (id: number, texts: number, values: readonly Uint8Array[]) =>
    encodeDictionary(id, texts, values, batch, effort);
  return Buffer.concat([
    dictionary(textDictionary, count, [offsets, text]),
    ...encoder.subjects
      .dictionaries()
      .map((values, index) => dictionary(textDictionary + 1 + index, encoder.subjects.size, [values])),
    encodeColumns(encoder, about, effort),
  ]);
}

/** Where rows are few there is time, and checkpoints are rare; where they are many they should not cost more than what they tell of. */
function effortFor(rows: number, { from, to, checkpoint }: BatchFacts): Effort {
  const seconds = Math.max(1, Number(to - from) / 1e9);
  return checkpoint || rows <= fewRowsASecond * seconds ? "much" : "little";
}

type About = Readonly<Record<string, string>>;

function encodeDictionary(
  id: number,
  count: number,
  values: readonly Uint8Array[],
  about: About,
  effort: Effort,
): Uint8Array {
  const body = new Body(effort);
  body.addNothing();
  for (const bytes of values) {
    if (bytes.length > 0) body.add(bytes);
    else body.addNothing();
  }
  const batch = new RecordBatch(count, [new FieldNode(count, 0)], body.regions, zstd());
  return encodeMessage(new DictionaryBatch(batch, id, false), body.parts, about);
}

function encodeColumns(encoder: RowEncoder, about: About, effort: Effort): Uint8Array {
  const { rows } = encoder;
  const body = new Body(effort);
  const nodes = columnNames.map((name) => {
    const column = encoder.columns[name];
    if (column.filled === 0) {
      body.addZeros((rows + 7) >> 3);
      body.addZeros(column.bytesFor(rows));
    } else {
      if (column.filled === rows) body.addNothing();
      else body.add(column.validity(rows));
      body.add(column.data(rows));
    }
    return new FieldNode(rows, rows - column.filled);
  });
  return encodeMessage(new RecordBatch(rows, nodes, body.regions, zstd()), body.parts, about);
}
