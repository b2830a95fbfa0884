/**
 * A batch as two Arrow IPC messages: the dictionary of its texts, then its columns. Both in one piece, so that they
 * reach the file in one write. Nothing before them is needed to read them.
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
import { compressFrameSync } from "lz4-napi";
import { columnNames } from "./columns.ts";
import { encodeMessage } from "./encodeMessage.ts";
import type { RowEncoder } from "./encodeRows.ts";

/** The one dictionary, of all texts. */
export const dictionaryId = 0;

interface Buffers {
  readonly regions: BufferRegion[];
  readonly parts: Uint8Array[];
  length: number;
}

/** Zeros of a length are packed once a batch: most columns of a batch are empty. */
class Packer {
  readonly #zeros = new Map<number, Uint8Array>();

  zeros(length: number): Uint8Array {
    const known = this.#zeros.get(length);
    if (known !== undefined) return known;
    const packed = this.pack(new Uint8Array(length));
    this.#zeros.set(length, packed);
    return packed;
  }

  /** Length before packing, -1: not packed since that would be longer; then the bytes. */
  pack(bytes: Uint8Array): Uint8Array {
    const packed = compressFrameSync(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    const smaller = packed.length < bytes.length;
    const content = smaller ? packed : bytes;
    const whole = new Uint8Array(8 + content.length);
    new DataView(whole.buffer).setBigInt64(0, BigInt(smaller ? bytes.length : -1), true);
    whole.set(content, 8);
    return whole;
  }
}

function append(buffers: Buffers, packed: Uint8Array): void {
  buffers.regions.push(new BufferRegion(buffers.length, packed.length));
  const padding = -packed.length & 7;
  buffers.parts.push(packed);
  if (padding > 0) buffers.parts.push(new Uint8Array(padding));
  buffers.length += packed.length + padding;
}

const appendNothing = (buffers: Buffers) => buffers.regions.push(new BufferRegion(buffers.length, 0));
const empty = (): Buffers => ({ regions: [], parts: [], length: 0 });
const lz4Frame = () => new BodyCompression(CompressionType.LZ4_FRAME);

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
  const packer = new Packer();
  encoder.columns.checkpoint.fill(encoder.rows, facts.checkpoint);
  const about = {
    batch: String(facts.number),
    rows: String(encoder.rows),
    from: String(facts.from),
    to: String(facts.to),
    wall: String(Math.round(facts.wall)),
    holds: facts.checkpoint ? "checkpoint" : "events",
  };
  const dictionary = encodeDictionary(encoder, packer, about);
  const columns = encodeColumns(encoder, packer, about);
  return Buffer.concat([dictionary, columns]);
}

type About = Readonly<Record<string, string>>;

function encodeDictionary(encoder: RowEncoder, packer: Packer, about: About): Uint8Array {
  const { count, offsets, text } = encoder.dictionary.layout();
  const buffers = empty();
  appendNothing(buffers);
  append(buffers, packer.pack(offsets));
  if (text.length > 0) append(buffers, packer.pack(text));
  else appendNothing(buffers);
  const batch = new RecordBatch(count, [new FieldNode(count, 0)], buffers.regions, lz4Frame());
  return encodeMessage(new DictionaryBatch(batch, dictionaryId, false), buffers.parts, about);
}

function encodeColumns(encoder: RowEncoder, packer: Packer, about: About): Uint8Array {
  const { rows } = encoder;
  const buffers = empty();
  const nodes: FieldNode[] = [];
  for (const name of columnNames) {
    const column = encoder.columns[name];
    nodes.push(new FieldNode(rows, rows - column.filled));
    if (column.filled === 0) {
      append(buffers, packer.zeros((rows + 7) >> 3));
      append(buffers, packer.zeros(column.bytesFor(rows)));
      continue;
    }
    const validity = column.validity(rows);
    if (validity.length === 0) appendNothing(buffers);
    else append(buffers, packer.pack(validity));
    append(buffers, packer.pack(column.data(rows)));
  }
  return encodeMessage(new RecordBatch(rows, nodes, buffers.regions, lz4Frame()), buffers.parts, about);
}
