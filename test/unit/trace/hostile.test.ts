/** Claim: a trace that was made to do harm, with all checksums right, costs neither memory nor time, and says so. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { compress } from "@bokuweb/zstd-wasm";
import { CompressionType } from "apache-arrow";
import { compressFrameSync } from "lz4-napi";
import { describe, expect, test } from "vitest";
import { CannotRun } from "../../../collector/cannotRun.ts";
import { layoutOf } from "../../../collector/trace/messageHead.ts";
import { playback } from "../../../collector/trace/playback.ts";
import { TraceFile } from "../../../collector/trace/traceFile.ts";
import { grouped, pieces, scratch, someHistory } from "./recorded.ts";
import { type Message, messages, resealed, rewritten } from "./rewritten.ts";

const [head = new Uint8Array(), first = new Uint8Array(), ...rest] = pieces(grouped(someHistory(), 3));
const [dictionary, ...others] = messages(first);
const columns = others.at(-1);
const numbers = others[0];
if (dictionary === undefined || numbers === undefined || columns === undefined) throw new Error("no batch");
const sizeOf = ({ head, body }: Message) => head.headLength + body.length;
const textBytes = first.subarray(0, sizeOf(dictionary));
const numberBytes = first.subarray(textBytes.length, first.length - sizeOf(columns));
const laterNumbers = numberBytes.subarray(sizeOf(numbers));
const dictionaryBytes = first.subarray(0, textBytes.length + numberBytes.length);
const columnBytes = first.subarray(dictionaryBytes.length);

function reasons(...parts: Uint8Array[]): string[] {
  const path = join(scratch(), "hostile.arrows");
  writeFileSync(path, Buffer.concat([head, ...parts, ...rest]));
  const file = new TraceFile(path);
  for (const _ of playback(file));
  file.close();
  return file.damage.map(({ reason }) => reason);
}

const { LZ4_FRAME: lz4, ZSTD: zstd } = CompressionType;
const pack = (codec: CompressionType, bytes: Buffer) => (codec === lz4 ? compressFrameSync(bytes) : compress(bytes));

/** Claims `claimed` and holds zeros: 16 MiB are 64 KiB in the file, or half of one. */
function bomb(codec: CompressionType, claimed: number, length: number): Uint8Array {
  return claiming(claimed, pack(codec, Buffer.alloc(length)));
}

function claiming(claimed: number, frame: Uint8Array): Uint8Array {
  const packed = Buffer.alloc(8 + frame.length);
  packed.writeBigInt64LE(BigInt(claimed), 0);
  packed.set(frame, 8);
  return packed;
}

describe.each([
  ["lz4", lz4, "would unpack to more than it claims"],
  ["zstd", zstd, "would unpack to another length than it claims"],
])("%s", (_, codec, moreThanItClaims) => {
  test.each([
    ["unpack to more than they claim", 64, 64 << 20, moreThanItClaims],
    ["claim what they have, far too much", 64 << 20, 64 << 20, "another length than it may have"],
  ])("offsets of a dictionary that %s are refused", (__, claimed, length, reason) => {
    const body = bomb(codec, claimed, length);
    const part = { offset: 0, length: body.length };
    const regions = [{ offset: 0, length: 0 }, part, part];
    const before = process.memoryUsage().rss;
    expect(reasons(rewritten(dictionary, { body, regions, codec }), numberBytes, columnBytes)).toEqual([
      expect.stringContaining(reason),
    ]);
    expect(process.memoryUsage().rss - before).toBeLessThan(48 << 20);
  });
});

const zeros = compress(Buffer.alloc(8 * numbersOf(numbers)));

test.each([
  ["two frames, of which the second is a bomb", Buffer.concat([zeros, compress(Buffer.alloc(64 << 20))]), "one Zst"],
  ["a frame that goes on behind its end", Buffer.concat([zeros, Buffer.alloc(9)]), "more or less than one Zstandard"],
  ["the first of the blocks of a frame", compress(Buffer.alloc(300 << 10)).subarray(0, 14), "is cut"],
  ["a frame without its length", unsized(zeros), "does not say its length"],
  ["a frame of another kind", Buffer.from(compressFrameSync(Buffer.alloc(64))), "no Zstandard frame"],
])("a dictionary that is %s is refused", (_, frame, reason) => {
  const body = claiming(8 * numbersOf(numbers), frame);
  const regions = [
    { offset: 0, length: 0 },
    { offset: 0, length: body.length },
  ];
  expect(reasons(textBytes, rewritten(numbers, { body, regions }), laterNumbers, columnBytes)).toEqual([
    expect.stringContaining(reason),
  ]);
});

function numbersOf({ head }: Message): number {
  return layoutOf(head).rows;
}

/** Without the bit that says that a length of one byte follows. */
function unsized(frame: Uint8Array): Buffer {
  const changed = Buffer.from(frame);
  changed[4] = 0;
  return changed;
}

test("dictionaries of more numbers than a batch has rows, and two of texts, are refused", () => {
  const tooMany = rewritten(numbers, { rows: 65_537, nodes: [{ rows: 65_537, nulls: 0 }] });
  expect(reasons(textBytes, tooMany, laterNumbers, columnBytes)).toEqual(["a dictionary claims too many numbers"]);
  expect(reasons(textBytes, dictionaryBytes, columnBytes)).toEqual(["a batch with more than one dictionary of texts"]);
});

test.each([
  ["rows", { rows: 2 ** 40 }, "claims"],
  ["more rows than are allowed", { rows: 65_537 }, "claims 65537 rows"],
  ["no columns", { nodes: [], regions: [] }, "other columns than the schema"],
  ["buffers outside", { regions: layoutRegions().map(({ length }) => ({ offset: 2 ** 33, length })) }, "lies outside"],
])("a batch with %s is refused", (_, change, reason) => {
  expect(reasons(dictionaryBytes, rewritten(columns, change))).toEqual([expect.stringContaining(reason)]);
});

function layoutRegions() {
  return Array.from({ length: 110 }, () => ({ offset: 0, length: 8 }));
}

test("any byte changed, with checksums that match, ends in rows, damage or a sentence", () => {
  const path = join(scratch(), "resealed.arrows");
  const all = messages(first);
  const ends = all.map((_, index) => all.slice(0, index + 1).reduce((sum, each) => sum + sizeOf(each), 0));
  const message = ends.map((end, index) => first.subarray(ends[index - 1] ?? 0, end));
  const runs = Number(process.env.FC_RUNS ?? 200);
  for (let run = 0; run < runs; run++) {
    const changed = message.map((bytes, index) => {
      const flipped = Buffer.from(bytes);
      const headLength = all[index]?.head.headLength ?? 0;
      const limit = run % 2 === 0 ? headLength - 8 : flipped.length - 8;
      const at = 8 + ((run * 7919) % limit);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (run % 8));
      return resealed(flipped, headLength);
    });
    writeFileSync(path, Buffer.concat([head, ...changed, ...rest]));
    try {
      const file = new TraceFile(path);
      for (const _ of playback(file));
      file.close();
    } catch (error) {
      expect(error).toBeInstanceOf(CannotRun);
    }
  }
}, 60_000);
