/**
 * Where the batches of a trace lie and when they are, from the heads of its messages alone: nothing is unpacked. Heads
 * carry their own checksum; where one is damaged the next whole one is looked for.
 */
import type { Damage } from "./damage.ts";
import { continuation } from "./encodeMessage.ts";
import { type FileWindow, smallPiece } from "./fileWindow.ts";
import { headLengthAt, type MessageHead, readHead } from "./messageHead.ts";

export interface Place {
  readonly offset: number;
  readonly headLength: number;
  readonly bodyLength: number;
}

/** One batch: its dictionaries and its columns. */
export interface BatchPlace {
  /** From 1. */
  readonly number: number;
  /** In their order in the file, the first one at the beginning of the batch. */
  readonly dictionaries: readonly [Place, ...Place[]];
  readonly columns: Place;
  readonly rows: number;
  readonly from: bigint;
  readonly to: bigint;
  /** Wall clock at `from`, ms since 1970. */
  readonly wall: number;
  readonly checkpoint: boolean;
}

export interface TraceIndex {
  readonly schema: MessageHead | undefined;
  readonly batches: readonly BatchPlace[];
  readonly damage: readonly Damage[];
  /** cut: the end is missing, since the writer was killed, is still writing, or the file was cut. */
  readonly end: "whole" | "cut";
  /** Bytes up to the end of the last whole message. */
  readonly length: number;
}

interface Found extends Place {
  readonly head: MessageHead;
}

/** Bytes that may be looked through in search of whole messages: a file made to be slow ends the search. */
const mostSearch = 256 << 20;
/** Ours have four. */
const mostDictionaries = 16;

export function indexTrace(file: FileWindow): TraceIndex {
  return new Indexer(file).run();
}

class Indexer {
  readonly #file: FileWindow;
  readonly #batches: BatchPlace[] = [];
  readonly #damage: { offset: number; length: number; batch: number | null; reason: string; after: number }[] = [];
  #schema: MessageHead | undefined;
  #pending: Found[] = [];
  #searched = 0;

  constructor(file: FileWindow) {
    this.#file = file;
  }

  run(): TraceIndex {
    let at = 0;
    let end: TraceIndex["end"] = "cut";
    for (;;) {
      if (this.#isEnd(at)) {
        end = "whole";
        break;
      }
      const found = this.#messageAt(at) ?? this.#search(at);
      if (found === undefined) break;
      if (found === "end") {
        end = "whole";
        break;
      }
      if (found.offset > at) {
        this.#dropPending("its columns are missing");
        this.#lose(at, found.offset - at, null, "the head of a message is damaged");
      }
      this.#take(found);
      at = found.offset + found.headLength + found.bodyLength;
    }
    // The last thing in a file that was cut is no damage: it is the cut.
    if (end === "whole") this.#dropPending("its columns are missing");
    return {
      schema: this.#schema,
      batches: this.#batches,
      damage: this.#damage.map(({ after, ...damage }) => ({
        ...damage,
        from: this.#batches[after - 1]?.to ?? null,
        to: this.#batches[after]?.from ?? null,
      })),
      end,
      length: at,
    };
  }

  #isEnd(at: number): boolean {
    const bytes = this.#file.read(at, 8, smallPiece);
    return bytes.length === 8 && bytes.readUInt32LE(0) === continuation && bytes.readUInt32LE(4) === 0;
  }

  #messageAt(offset: number): Found | undefined {
    const headLength = headLengthAt(this.#file.read(offset, 8, smallPiece));
    if (headLength === undefined) return undefined;
    const bytes = this.#file.read(offset, headLength, smallPiece);
    const head = bytes.length === headLength ? readHead(bytes) : undefined;
    if (head === undefined || offset + headLength + head.bodyLength > this.#file.size) return undefined;
    return { offset, headLength, bodyLength: head.bodyLength, head };
  }

  /** The next whole message, or the end of the stream, somewhere behind `from`. */
  #search(from: number): Found | "end" | undefined {
    const mark = Buffer.from([0xff, 0xff, 0xff, 0xff]);
    let at = from + 1;
    while (at < this.#file.size && this.#searched < mostSearch) {
      const bytes = this.#file.read(at, 1 << 16);
      const found = bytes.indexOf(mark);
      if (found === -1) {
        this.#searched += bytes.length;
        at += Math.max(1, bytes.length - 3);
        continue;
      }
      const offset = at + found;
      this.#searched += found + 64;
      // Aligned, or it is the rest of a buffer that was cut.
      if (offset % 8 === 0 && offset + 8 === this.#file.size && this.#isEnd(offset)) {
        this.#lose(from, offset - from, null, "the head of a message is damaged");
        return "end";
      }
      const headLength = headLengthAt(this.#file.read(offset, 8, smallPiece));
      if (headLength !== undefined) this.#searched += headLength;
      const message = this.#messageAt(offset);
      if (message !== undefined) return message;
      at = offset + 1;
    }
    return undefined;
  }

  #take(found: Found): void {
    const { head } = found;
    if (head.kind === "schema") {
      if (this.#schema === undefined && this.#batches.length === 0) this.#schema = head;
      else this.#lose(found.offset, found.headLength, null, "a second schema");
      return;
    }
    if (head.kind === "dictionary") {
      const before = this.#pending[0]?.head.about.get("batch");
      if (before !== head.about.get("batch") || this.#pending.length >= mostDictionaries) {
        this.#dropPending("its columns are missing");
      }
      this.#pending.push(found);
      return;
    }
    const number = Number(head.about.get("batch"));
    const [first, ...more] = this.#pending;
    this.#pending = [];
    const range = timesOf(head);
    if (first === undefined || Number(first.head.about.get("batch")) !== number || range === undefined) {
      this.#lose(found.offset, found.headLength + found.bodyLength, number, "its dictionary is missing");
      return;
    }
    const expected = (this.#batches.at(-1)?.number ?? 0) + 1;
    if (number > expected && !this.#damage.some(({ after }) => after === this.#batches.length)) {
      this.#lose(
        found.offset,
        0,
        expected,
        number - expected === 1 ? "it is missing" : `${number - expected} batches are missing`,
      );
    }
    const place = ({ offset, headLength, bodyLength }: Found): Place => ({ offset, headLength, bodyLength });
    const dictionaries = [place(first), ...more.map(place)] as const;
    this.#batches.push({ number, dictionaries: [...dictionaries], columns: place(found), ...range });
  }

  #dropPending(reason: string): void {
    const [first] = this.#pending;
    const last = this.#pending.at(-1);
    this.#pending = [];
    if (first === undefined || last === undefined) return;
    const length = last.offset + last.headLength + last.bodyLength - first.offset;
    this.#lose(first.offset, length, Number(first.head.about.get("batch")), reason);
  }

  #lose(offset: number, length: number, batch: number | null, reason: string): void {
    this.#damage.push({ offset, length, batch, reason, after: this.#batches.length });
  }
}

function timesOf({ about }: MessageHead): Pick<BatchPlace, "rows" | "from" | "to" | "wall" | "checkpoint"> | undefined {
  const from = about.get("from") ?? "";
  const to = about.get("to") ?? "";
  if (!/^-?\d{1,19}$/.test(from) || !/^-?\d{1,19}$/.test(to)) return undefined;
  return {
    rows: Number(about.get("rows")),
    from: BigInt(from),
    to: BigInt(to),
    wall: Number(about.get("wall")),
    checkpoint: about.get("holds") === "checkpoint",
  };
}
