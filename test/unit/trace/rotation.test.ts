/** Claim: each file of a recording, alone, says what was said live; any moment is shown as it was; old files go. */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, expect, test, vi } from "vitest";
import type { Event } from "../../../collector/events.ts";
import { Ledger } from "../../../collector/ledger/ledger.ts";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { TraceReplay } from "../../../collector/sources/trace-file/replay.ts";
import { TraceFile } from "../../../collector/trace/traceFile.ts";
import { bytes } from "../../../collector/units.ts";
import { histories, live } from "../ledger/histories.ts";
import { record, scratch } from "./recorded.ts";

/** With the end of each sample, as a live collector has it. */
function sampled(events: readonly Event[]): Event[] {
  return events.flatMap((event): Event[] =>
    event.kind === "tick"
      ? [event, { kind: "self", at: event.at, cpuSeconds: 1, rssBytes: bytes(1), probeNsPerEvent: null }]
      : [event],
  );
}

function lived(events: readonly Event[]): Snapshot[] {
  const ledger = new Ledger();
  const shown: Snapshot[] = [];
  for (const event of events) {
    ledger.apply(event);
    if (event.kind === "self") shown.push(ledger.snapshot());
  }
  return shown;
}

function replayed(path: string): Snapshot[] {
  const file = new TraceFile(path);
  const replay = new TraceReplay(file);
  const shown: Snapshot[] = [];
  while (replay.step()) shown.push(replay.snapshot());
  expect(file.damage).toEqual([]);
  expect(file.end).toBe("whole");
  file.close();
  return shown;
}

/** Long ones: each is eight, one after the other. */
const someHistories = Array.from({ length: 20 }, (_, seed) => {
  const steps = fc.sample(histories, { seed, numRuns: 8 }).flat();
  return sampled(live(steps, { tellsLevel: seed % 2 === 0, reusesInodes: seed % 3 === 0 }).story.events);
});

/** Time flies: every sample is a batch. */
beforeEach(() => {
  let ms = 0;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => {
    ms += 61_000;
    return ms;
  });
  return () => clock.mockRestore();
});

test("every file of a rotated recording, alone, and all of them together", async () => {
  let files = 0;
  for (const events of someHistories) {
    const directory = scratch();
    await record(events, { path: join(directory, "t.arrows"), maxBytes: 1 });
    const names = readdirSync(directory).toSorted();
    files += names.length;
    expect(names[0]).toBe("t.0001.arrows");
    expect(names.flatMap((name) => replayed(join(directory, name)))).toEqual(lived(events));
  }
  expect(files).toBeGreaterThan(3 * someHistories.length);
}, 60_000);

test("only the newest files are kept, and no other file is touched", async () => {
  const events = someHistories[0] ?? [];
  const directory = scratch();
  writeFileSync(join(directory, "t.0000.arrows"), "not ours");
  await record(events, { path: join(directory, "t.arrows"), maxBytes: 1, keep: 2 });
  const names = readdirSync(directory).toSorted();
  expect(names).toHaveLength(3);
  expect(readFileSync(join(directory, "t.0000.arrows"), "utf8")).toBe("not ours");
  const all = lived(events);
  const kept = names.slice(1).flatMap((name) => replayed(join(directory, name)));
  expect(kept.length).toBeGreaterThan(0);
  expect(kept).toEqual(all.slice(-kept.length));
  for (const name of names.slice(1)) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
});

test("a numbered file of another recording is found at the beginning, and not when its number comes", async () => {
  const events = someHistories[0] ?? [];
  const directory = scratch();
  const options = { path: join(directory, "t.arrows"), maxBytes: 1 };
  // None of these is a name that this recording comes to.
  const others = ["t.arrows", "t.0000.arrows", "t.7.arrows", "t.0007.arrows.csv", "xt.0007.arrows", "t.00007.arrows"];
  for (const name of others) writeFileSync(join(directory, name), "not ours");
  await record(events, options);
  const mine = readdirSync(directory).filter((name) => !others.includes(name));
  const last = mine.toSorted().at(-1) ?? "";
  for (const name of mine) if (name !== last) rmSync(join(directory, name));
  const before = readFileSync(join(directory, last));
  await expect(record(events, options)).rejects.toThrow(`${join(directory, last)} is there already`);
  expect(readdirSync(directory).toSorted()).toEqual([...others, last].toSorted());
  expect(readFileSync(join(directory, last)).equals(before)).toBe(true);
  for (const name of others) expect(readFileSync(join(directory, name), "utf8")).toBe("not ours");
  await record(events, { ...options, overwrite: true });
  expect(readdirSync(directory).toSorted()).toEqual([...others, ...mine].toSorted());
});

test("any moment is shown as it was, from whichever checkpoint", async () => {
  for (const events of someHistories) {
    const path = await record(events, { checkpointWork: 10 });
    const file = new TraceFile(path);
    const shown = lived(events);
    expect(replayed(path)).toEqual(shown);
    const replay = new TraceReplay(file);
    // Back and forth.
    for (let n = 0; n < shown.length; n++) {
      const snapshot = shown[(n * 7) % shown.length];
      if (snapshot === undefined) continue;
      replay.seek(BigInt(snapshot.monotonicNs));
      expect(replay.snapshot()).toEqual(shown.findLast(({ monotonicNs }) => monotonicNs === snapshot.monotonicNs));
    }
    file.close();
  }
}, 60_000);

test("after damage, figures are those of live again from the next checkpoint on", async () => {
  let compared = 0;
  for (const events of someHistories) {
    const path = await record(events, { checkpointWork: 10 });
    const whole = new TraceFile(path);
    const [first, second] = whole.batches;
    const later = whole.batches.find(({ checkpoint }, index) => checkpoint && index > 1);
    whole.close();
    if (first === undefined || second === undefined || later === undefined) continue;
    const content = readFileSync(path);
    const at = first.columns.offset + first.columns.headLength + first.columns.bodyLength - 20;
    content[at] = (content[at] ?? 0) ^ 1;
    writeFileSync(path, content);
    const file = new TraceFile(path);
    const replay = new TraceReplay(file);
    const shown = new Map(lived(events).map((snapshot) => [snapshot.monotonicNs, snapshot]));
    while (replay.step()) {
      const { evidence, ...figures } = replay.snapshot();
      expect(evidence.gaps.at(-1)?.reason ?? evidence.gaps[0]?.reason).toBeDefined();
      expect(evidence.complete).toBe(false);
      if (BigInt(figures.monotonicNs) <= later.to) continue;
      const { evidence: _, ...truth } = shown.get(figures.monotonicNs) ?? { evidence: undefined };
      expect(figures).toEqual(truth);
      compared++;
    }
    file.close();
  }
  expect(compared).toBeGreaterThan(20);
}, 60_000);
