/** Claim: a trace that was made to do harm, with all checksums right, costs neither memory nor time, and says so. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { compressFrameSync } from "lz4-napi";
import { expect, test } from "vitest";
import { CannotRun } from "../../../collector/cannotRun.ts";
import { playback } from "../../../collector/trace/playback.ts";
import { TraceFile } from "../../../collector/trace/traceFile.ts";
import { grouped, pieces, scratch, someHistory } from "./recorded.ts";
import { messages, resealed, rewritten } from "./rewritten.ts";

const [head = new Uint8Array(), first = new Uint8Array(), ...rest] = pieces(grouped(someHistory(), 3));
const [dictionary, columns] = messages(first);
if (dictionary === undefined || columns === undefined) throw new Error("no batch");
const dictionaryBytes = first.subarray(0, dictionary.head.headLength + dictionary.body.length);
const columnBytes = first.subarray(dictionaryBytes.length);

function reasons(...parts: Uint8Array[]): string[] {
  const path = join(scratch(), "hostile.arrows");
  writeFileSync(path, Buffer.concat([head, ...parts, ...rest]));
  const file = new TraceFile(path);
  for (const _ of playback(file));
  file.close();
  return file.damage.map(({ reason }) => reason);
}

/** Claims `length` and holds zeros: 16 MiB are 64 KiB in the file. */
function bomb(claimed: number, length: number): Uint8Array {
  const frame = compressFrameSync(Buffer.alloc(length));
  const packed = Buffer.alloc(8 + frame.length);
  packed.writeBigInt64LE(BigInt(claimed), 0);
  packed.set(frame, 8);
  return packed;
}

test.each([
  ["unpack to more than they claim", 64, 64 << 20, "would unpack to more than it claims"],
  ["claim what they have, far too much", 64 << 20, 64 << 20, "another length than it may have"],
])("offsets of a dictionary that %s are refused", (_, claimed, length, reason) => {
  const body = bomb(claimed, length);
  const part = { offset: 0, length: body.length };
  const before = process.memoryUsage().rss;
  expect(
    reasons(rewritten(dictionary, { body, regions: [{ offset: 0, length: 0 }, part, part] }), columnBytes),
  ).toEqual([expect.stringContaining(reason)]);
  expect(process.memoryUsage().rss - before).toBeLessThan(48 << 20);
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
  const message = [dictionaryBytes, columnBytes];
  const runs = Number(process.env.FC_RUNS ?? 200);
  for (let run = 0; run < runs; run++) {
    const changed = message.map((bytes, index) => {
      const flipped = Buffer.from(bytes);
      const headLength = (index === 0 ? dictionary : columns).head.headLength;
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
