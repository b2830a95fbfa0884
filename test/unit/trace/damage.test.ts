/** Claim: a flipped byte is never a crash, a hang or a figure that is wrong without saying so. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CannotRun } from "../../../collector/cannotRun.ts";
import type { Event } from "../../../collector/events.ts";
import { Ledger } from "../../../collector/ledger/ledger.ts";
import { playback } from "../../../collector/trace/playback.ts";
import { TraceFile } from "../../../collector/trace/traceFile.ts";
import { grouped, pieces, scratch, someHistory } from "./recorded.ts";

function played(path: string) {
  const file = new TraceFile(path);
  const events = [...playback(file)].flatMap((part) => part.events);
  file.close();
  return { file, events };
}

const flips = Number(process.env.FC_RUNS ?? 200) * 3;

describe("a flipped byte", () => {
  const groups = grouped(someHistory(), 4);
  const bytes = pieces(groups);
  const whole = Buffer.concat(bytes);
  const truth = groups.flat();

  test("anywhere is noticed, and nothing false is played", () => {
    const path = join(scratch(), "flipped.arrows");
    const known = new Set(truth.map(asText));
    // A fixed walk through the file that meets every part of it; 7919 is prime.
    for (let run = 0; run < flips; run++) {
      const at = run < 64 ? run : run < 80 ? whole.length - 1 - (run - 64) : (run * 7919) % whole.length;
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (run % 8));
      writeFileSync(path, flipped);
      try {
        const { file, events } = played(path);
        const noticed = file.damage.length > 0 || file.end === "cut";
        expect({ at, noticed }).toEqual({ at, noticed: true });
        const invented = events.filter((event) => !known.has(asText(event)));
        // What is said where rows were lost: the gap, and the head and clock of what follows.
        expect(invented.every(({ kind }) => ["gap", "clock", "host", "plan"].includes(kind))).toBe(true);
        const missing = truth.length - events.filter((event) => known.has(asText(event))).length;
        if (missing > 0 && file.damage.length > 0) expect(events.some(({ kind }) => kind === "gap")).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(CannotRun);
      }
    }
  }, 120_000);

  test("in a batch names the batch and its time, and the others are played", () => {
    const path = join(scratch(), "flipped.arrows");
    const flipped = Buffer.from(whole);
    const third = Buffer.concat(bytes.slice(0, 4)).length - 9;
    flipped[third] = (flipped[third] ?? 0) ^ 1;
    writeFileSync(path, flipped);
    const { file, events } = played(path);
    const lost = groups[2] ?? [];
    expect(file.damage).toMatchObject([
      { batch: 3, from: lost[0]?.at, to: lost.at(-1)?.at, reason: "its checksum does not match" },
    ]);
    for (const event of groups[3] ?? []) {
      if (event.kind !== "holding" && event.kind !== "scan") expect(events.map(asText)).toContain(asText(event));
    }
    const ledger = new Ledger();
    for (const event of events) ledger.apply(event);
    const { evidence } = ledger.snapshot();
    expect(evidence.complete).toBe(false);
    expect(evidence.gaps.at(-1)?.reason).toBe("the recording is damaged here, batch 3: its checksum does not match");
  });

  test("in the head of the file costs the head, not the rows", () => {
    const path = join(scratch(), "flipped.arrows");
    const flipped = Buffer.from(whole);
    flipped[100] = (flipped[100] ?? 0) ^ 1;
    writeFileSync(path, flipped);
    const { file, events } = played(path);
    expect(file.header).toBeNull();
    expect(file.damage).toHaveLength(1);
    const rest = events.map(asText);
    for (const event of truth) {
      if (event.kind !== "holding" && event.kind !== "scan") expect(rest).toContain(asText(event));
    }
  });
});

test("a missing batch is named", () => {
  const path = join(scratch(), "missing.arrows");
  const all = pieces(grouped(someHistory(), 4));
  writeFileSync(path, Buffer.concat(all.filter((_, index) => index !== 2)));
  expect(played(path).file.damage).toMatchObject([{ batch: 2, reason: "it is missing" }]);
});

test.each([
  ["nothing", Buffer.alloc(0), "is empty"],
  ["text", Buffer.from("this is no recording\n".repeat(100)), "is no recording"],
  ["zeros", Buffer.alloc(4096), "is no recording"],
  ["only marks", Buffer.alloc(1 << 20, 0xff), "is no recording"],
  ["half a head", pieces(grouped(someHistory(), 4))[0]?.subarray(0, 100) ?? Buffer.alloc(0), "was cut off in its head"],
  ["this test", readFileSync(import.meta.filename), "is no recording"],
])("%s is refused with a sentence", (_, content, sentence) => {
  const path = join(scratch(), "other.arrows");
  writeFileSync(path, content);
  expect(() => new TraceFile(path)).toThrow(sentence);
});

/** Without the time of a holding: one that a scan only repeats has the time of the scan. */
const asText = (event: Event) =>
  JSON.stringify(
    Object.entries(event)
      .filter(([field]) => event.kind !== "holding" || field !== "at")
      .sort(([a], [b]) => (a < b ? -1 : 1)),
    (_, value: unknown) => (typeof value === "bigint" ? String(value) : value),
  );
