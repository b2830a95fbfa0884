/** Claims: a jump holds up nobody, a newer one takes its place, and it ends in the state that playing there would. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { openTrace } from "../../../collector/sources/trace-file/observation.ts";
import { TraceReplay } from "../../../collector/sources/trace-file/replay.ts";
import { longRecording, second } from "./long.ts";

const folder = mkdtempSync(join(tmpdir(), "secretscope-jump-"));
const path = join(folder, "trace.arrows");
beforeAll(() => longRecording({ path }));
afterAll(() => rmSync(folder, { recursive: true }));

function opened() {
  const trace = openTrace(path);
  onTestFinished(() => trace.close());
  const told: Snapshot[] = [];
  trace.onSnapshot((snapshot) => told.push(snapshot));
  return { trace, told };
}

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

test("others get their turn within 50 ms of work, and see how far it is", async () => {
  const { trace, told } = opened();
  const turns: { readonly ms: number; readonly done: number }[] = [];
  let before = cpuMs();
  const arrived = trace.seek(trace.range.to);
  while (trace.jump !== undefined) {
    turns.push({ ms: cpuMs() - before, done: trace.jump.done });
    before = cpuMs();
    await turn();
  }
  expect(await arrived).toBe(true);
  expect(turns.length).toBeGreaterThan(3);
  // Of all of them the garbage collector may make one or two longer.
  const slow = turns.filter(({ ms }) => ms > 50);
  expect(slow.length).toBeLessThanOrEqual(turns.length / 5);
  const done = turns.map((each) => each.done);
  expect(done).toEqual([...done].sort((a, b) => a - b));
  expect(done.at(-1)).toBeGreaterThan(0.5);
  expect(told.map(({ monotonicNs }) => BigInt(monotonicNs))).toEqual([trace.range.to]);
});

test("a newer jump takes the place of an older one, wherever that one is", async () => {
  const { trace, told } = opened();
  const replay = new TraceReplay(trace.file);
  for (const to of [300n, 20n, 700n, 650n]) {
    const given = trace.seek(trace.range.to);
    await turn();
    expect(trace.jump?.to).toBe(trace.range.to);
    expect(await Promise.all([given, trace.seek(to * second)])).toEqual([false, true]);
    expect(trace.jump).toBeUndefined();
    replay.seek(to * second);
    expect(trace.snapshot()).toEqual(replay.snapshot());
  }
  expect(told.map(({ monotonicNs }) => BigInt(monotonicNs) / second)).toEqual([300n, 20n, 700n, 650n]);
});

test("a run-up is told from before the time to the time, after a word that all before is over", async () => {
  const { trace, told } = opened();
  const begun: number[] = [];
  await trace.seek(500n * second, { ns: 5n * second, begin: () => begun.push(told.length) });
  expect(begun).toEqual([0]);
  const times = told.map(({ monotonicNs }) => BigInt(monotonicNs) / second);
  expect([...new Set(times)]).toEqual([495n, 496n, 497n, 498n, 499n, 500n]);
});

test("what plays goes on playing from there; what is held is held; a step waits for nobody", async () => {
  const { trace } = opened();
  trace.speed = 1000;
  trace.play();
  const arrived = trace.seek(900n * second);
  expect(trace.jump).toBeDefined();
  expect(await arrived).toBe(true);
  expect(trace.playing).toBe(true);
  while (trace.time < 905n * second) await turn();
  const back = trace.seek(800n * second);
  expect(trace.step()).toBe(true);
  expect(await back).toBe(true);
  expect([trace.playing, trace.time]).toEqual([false, 800n * second]);
});

test("a trace that is closed on the way tells so", async () => {
  const { trace, told } = opened();
  const arrived = trace.seek(trace.range.to);
  await trace.close();
  expect(await arrived).toBe(false);
  await turn();
  expect(told).toEqual([]);
});
