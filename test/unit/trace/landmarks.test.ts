/** Where in a trace splits, refusals, OOM kills and gaps are, found a few milliseconds at a time. */
import { expect, onTestFinished, test } from "vitest";
import type { Event, KernelSample } from "../../../collector/events.ts";
import { LandmarkScan } from "../../../collector/sources/trace-file/landmarkScan.ts";
import { Spans } from "../../../collector/sources/trace-file/landmarks.ts";
import { TraceReplay } from "../../../collector/sources/trace-file/replay.ts";
import { TraceFile } from "../../../collector/trace/traceFile.ts";
import { bytes, monotonicNs, pid as toPid } from "../../../collector/units.ts";
import { oneOfEach } from "./everyKind.ts";
import { record } from "./recorded.ts";

const second = (at: number) => monotonicNs(BigInt(at) * 1_000_000_000n);

function kernel(at: number, splits: number | null, oomKills = 0): KernelSample {
  return { ...oneOfEach.kernel, at: second(at), splits: { "2m": splits, "1g": splits }, oomKills };
}

/** One sample a second; each ends with the collector's own cost, half a second after what it brought. */
function samples(...each: (readonly Event[])[]): Event[] {
  return each.flatMap((events, index) => [
    ...events,
    { ...oneOfEach.self, at: monotonicNs(second(index + 1) + 500_000_000n), rssBytes: bytes(1) },
  ]);
}

const ends = (at: number) => second(at) + 500_000_000n;

async function fileOf(events: readonly Event[]): Promise<TraceFile> {
  const file = new TraceFile(await record(events));
  onTestFinished(() => file.close());
  return file;
}

async function scanOf(events: readonly Event[]): Promise<LandmarkScan> {
  const scan = new LandmarkScan(await fileOf(events));
  scan.scan();
  return scan;
}

test("splits and kills are taken from the kernel's own counters, and the first reading is none", async () => {
  const scan = await scanOf(
    samples([kernel(1, 100, 7)], [kernel(2, 100, 7)], [kernel(3, 101, 7)], [kernel(4, 101, 8)]),
  );
  expect(scan.read).toBe(1);
  expect(scan.next("split", 0n)).toBe(ends(3));
  expect(scan.next("split", ends(3))).toBeUndefined();
  expect(scan.next("oomKill", 0n)).toBe(ends(4));
  expect(scan.previous("oomKill", ends(4))).toBeUndefined();
  expect(scan.previous("split", ends(4))).toBe(ends(3));
});

test("a kill that was told is not found a second time in the counter", async () => {
  const kill = { ...oneOfEach.oomKill, at: second(2) };
  const scan = await scanOf(samples([kernel(1, 1, 0)], [kill, kernel(2, 1, 0)], [kernel(3, 1, 1)]));
  expect(scan.next("oomKill", 0n)).toBe(ends(2));
  expect(scan.next("oomKill", ends(2))).toBeUndefined();
});

test("a kernel that does not count splits: the probes' samples tell", async () => {
  const scan = await scanOf(samples([kernel(1, null)], [kernel(2, null), { ...oneOfEach.split, at: second(2) }]));
  expect(scan.next("split", 0n)).toBe(ends(2));
});

test("a refusal is where its count grows, not where it is read again", async () => {
  const refused = (at: number, count: number): Event => ({ ...oneOfEach.refused, at: second(at), count });
  const scan = await scanOf(samples([refused(1, 4)], [refused(2, 4)], [refused(3, 5)]));
  expect(scan.next("refused", 0n)).toBe(ends(1));
  expect(scan.next("refused", ends(1))).toBe(ends(3));
});

test("a SIGBUS that may be about any memory is marked when its process turns out to have secret memory", async () => {
  const plan: Event = { ...oneOfEach.plan, at: second(1), routes: { faults: "tracepoint" } };
  const fault = (at: number, pid: number): Event => ({
    ...oneOfEach.refused,
    at: second(at),
    pid: toPid(pid),
    what: "fault",
    code: "SIGBUS",
    count: 1,
  });
  const made: Event = { ...oneOfEach.created, at: second(4), pid: toPid(8), started: oneOfEach.refused.started };
  const scan = await scanOf(samples([plan], [fault(2, 7)], [fault(3, 8)], [made]));
  expect(scan.next("refused", 0n)).toBe(ends(4));
  expect(scan.next("refused", ends(4))).toBeUndefined();
});

test("a gap lies between its ends, and is gone to where it ends", async () => {
  const gap: Event = { kind: "gap", at: second(4), from: second(2), reason: "" };
  const scan = await scanOf(samples([kernel(1, 1)], [kernel(2, 1)], [kernel(3, 1)], [gap]));
  expect(scan.between("gap", second(2), second(3))).toBe(true);
  expect(scan.between("gap", second(0), second(2))).toBe(false);
  expect(scan.between("gap", second(5), second(9))).toBe(false);
  expect(scan.next("gap", 0n)).toBe(ends(4));
});

test("a replay that is sent to a landmark shows the sample in which it happened", async () => {
  const file = await fileOf(samples([kernel(1, 1)], [kernel(2, 1)], [kernel(3, 5)], [kernel(4, 5)]));
  const scan = new LandmarkScan(file);
  scan.scan();
  const replay = new TraceReplay(file);
  replay.seek(scan.next("split", 0n) ?? 0n);
  expect(replay.time).toBe(ends(3));
  expect(replay.snapshot().directMap.splits["2m"]).toBe(5);
});

test("others get their turn: a scan reads on in slices, can be stopped, and goes on", async () => {
  const many = samples(...Array.from({ length: 5000 }, (_, index) => [kernel(index + 1, index)]));
  const scan = new LandmarkScan(await fileOf(many));
  let told = 0;
  let longest = 0;
  let before = performance.now();
  scan.onProgress(() => {
    told += 1;
    longest = Math.max(longest, performance.now() - before);
    before = performance.now();
  });
  scan.start();
  scan.stop();
  await new Promise((resolve) => setImmediate(resolve));
  expect(scan.read).toBe(0);
  scan.start();
  while (scan.read < 1) await new Promise((resolve) => setImmediate(resolve));
  expect(told).toBeGreaterThan(1);
  expect(longest).toBeLessThan(1000);
});

test("however many there are, few are kept, from the first to near the last", () => {
  const spans = new Spans(100);
  for (let at = 1n; at <= 100_000n; at += 1n) spans.add({ from: at, to: at });
  expect(spans.length).toBeLessThanOrEqual(100);
  expect(spans.length).toBeGreaterThan(20);
  expect(spans.at(0)?.to).toBe(1n);
  expect(spans.at(spans.length - 1)?.to).toBeGreaterThan(90_000n);
});
