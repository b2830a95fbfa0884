/** Claim: wherever the file was cut, everything up to its last whole batch is replayed, and the cut is reported. */
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { playback } from "../../../collector/trace/playback.ts";
import { TraceFile } from "../../../collector/trace/traceFile.ts";
import { grouped, pieces, readAll, scratch, snapshots, someHistory } from "./recorded.ts";

test("cut at every byte of the last two batches", () => {
  const groups = grouped(someHistory(), 4);
  const bytes = pieces(groups);
  const ends = bytes.map((_, index) => Buffer.concat(bytes.slice(0, index + 1)).length);
  const path = join(scratch(), "cut.arrows");
  writeFileSync(path, Buffer.concat(bytes));
  const [, , secondEnd = 0, , , whole = 0] = ends;
  expect(readAll(path).length).toBe(groups.flat().length);
  let before = -1;
  for (let length = whole - 1; length >= secondEnd; length--) {
    truncateSync(path, length);
    const file = new TraceFile(path);
    const complete = ends.slice(1, -1).filter((end) => end <= length).length;
    expect({ length, end: file.end, batches: file.batches.length, damage: file.damage }).toEqual({
      length,
      end: "cut",
      batches: complete,
      damage: [],
    });
    expect(file.lastTime).toBe(groups[complete - 1]?.at(-1)?.at);
    if (complete !== before) {
      const events = [...playback(file)].flatMap((part) => part.events);
      expect(snapshots(events)).toEqual(snapshots(groups.slice(0, complete).flat()));
      before = complete;
    }
    file.close();
  }
}, 120_000);
