/** The dashboard on a recording: keys do to the recording what the table says. */
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { Event } from "../../../collector/events.ts";
import { LandmarkScan } from "../../../collector/sources/trace-file/landmarkScan.ts";
import { openTrace } from "../../../collector/sources/trace-file/observation.ts";
import { monotonicNs } from "../../../collector/units.ts";
import { Dashboard } from "../../../tui/dashboard/dashboard.ts";
import { nextSpeed } from "../../../tui/dashboard/playback.ts";
import { playbackOf } from "../../../tui/dashboard/replayScreen.ts";
import { oneOfEach } from "../trace/everyKind.ts";
import { longRecording, second } from "../trace/long.ts";
import { record } from "../trace/recorded.ts";
import { TestTerminal, unicodeLook } from "./terminal.ts";

/** Some seconds in which a process called odd "name" makes secret pages and lets go of them (traces/record.mjs). */
const recorded = join(import.meta.dirname, "../../fixtures/traces/format-1.0.arrows");
const ends: (() => unknown)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** Ten seconds: a split in the third, an OOM kill in the sixth, both counted by the kernel. */
function splitAndKill(): Event[] {
  const at = (second: number) => monotonicNs(BigInt(second) * 1_000_000_000n);
  return Array.from({ length: 10 }, (_, index): Event[] => {
    const splits = { "2m": index < 2 ? 10 : 11, "1g": 0 };
    const { clock, kernel, self } = oneOfEach;
    return [
      ...(index === 0 ? [{ ...clock, at: at(1) }] : []),
      { ...kernel, at: at(index + 1), splits, oomKills: index < 5 ? 3 : 4 },
      { ...self, at: at(index + 1) },
    ];
  }).flat();
}

async function replayed(path = recorded) {
  const terminal = new TestTerminal(120, 40);
  const trace = openTrace(path);
  const scan = new LandmarkScan(trace.file);
  scan.scan();
  const stop = new AbortController().signal;
  const dashboard = new Dashboard({ streams: terminal.streams, look: unicodeLook, root: true, intervalMs: 250, stop });
  ends.push(
    () => dashboard.end(),
    () => trace.close(),
  );
  dashboard.watch(trace, { playback: playbackOf(trace, scan) });
  const press = (keys: string) => terminal.streams.input.write(keys);
  const shows = (wanted: RegExp) => terminal.shows(wanted);
  await shows(/REPLAY[\s\S]*paused +1x/);
  return { terminal, trace, scan, dashboard, press, shows };
}

test("plays to the end, says so, and plays again from the beginning", async () => {
  const { trace, press, shows } = await replayed();
  press("f".repeat(20));
  await shows(/paused +most/);
  press(" ");
  await shows(/at end +most[\s\S]*the end of the recording: Space plays it again/);
  expect(trace.time).toBe(trace.range.to);
  press("F".repeat(20));
  await shows(/at end +0\.1x/);
  press(" ");
  await shows(/playing +0\.1x/);
  expect(trace.time).toBeLessThan(trace.range.to);
  press(" ");
  await shows(/paused +0\.1x/);
  expect(trace.playing).toBe(false);
});

test("steps one sample, and pauses", async () => {
  const { trace, press, shows } = await replayed();
  const [first, second] = [trace.time, trace.nextTime];
  trace.speed = 0.1;
  press(" ");
  await shows(/playing/);
  press(".");
  await shows(/paused/);
  expect(trace.time).toBeGreaterThan(first);
  expect(trace.time).toBeGreaterThanOrEqual(second ?? 0n);
});

test("jumps by time, and stays within the recording", async () => {
  const { trace, press, shows } = await replayed();
  const first = trace.time;
  press("]");
  await shows(/at end[\s\S]*the end of the recording/);
  expect(trace.time).toBe(trace.range.to);
  press("[");
  await shows(/paused/);
  expect(trace.time).toBe(first);
  press("$");
  await shows(/at end/);
  press("{^");
  await shows(/paused/);
  expect(trace.time).toBe(first);
});

test("goes to the split and the kill, on and back; what is not there is said", async () => {
  const { trace, scan, press, shows } = await replayed(await record(splitAndKill()));
  press("t");
  await shows(/paused[^\n]* 0:0[12] of 0:09/);
  expect(trace.time).toBe(scan.next("split", 0n));
  press("o");
  await shows(/1 OOM kill counted by the kernel/);
  expect(trace.time).toBe(scan.next("oomKill", 0n));
  press("T");
  await shows(/paused[^\n]* 0:0[12] of 0:09/);
  expect(trace.time).toBe(scan.next("split", 0n));
  press("u");
  await shows(/no refusal after this in the recording/);
  press("A");
  await shows(/no gap before this in the recording/);
});

describe("what is remembered", () => {
  test("after a jump back nothing of later times is told", async () => {
    const { press, shows } = await replayed();
    press("$");
    expect(await shows(/at end/)).toContain("let go of");
    press("^");
    expect(await shows(/paused/)).not.toContain("let go of");
  });

  test("events before the place that was gone to are told as if it had been played there", async () => {
    const { press, shows } = await replayed();
    press("$");
    await shows(/at end/);
    // Drawn with the next frame, which on a busy machine may be one later.
    const events = await shows(/holds/);
    expect(events).toMatch(/watching begins/);
  });
});

test("a recording is not recorded again", async () => {
  const { press, shows } = await replayed();
  press("r");
  expect(await shows(/a recording is not recorded again/)).not.toContain("REC ");
});

test("while a long jump is under way it says so, answers keys, and a newer one takes its place", async () => {
  const { trace, press, shows } = await replayed(await longRecording());
  press("$");
  await shows(/jumping +\d+%/);
  press("?");
  await shows(/Keys and words/);
  expect(trace.jump?.to).toBe(trace.range.to);
  press("?^");
  await shows(/paused +1x[^\n]* 0:00 of /);
  expect(trace.time).toBe(trace.range.from);
  // Each key counts from where the last one goes to, arrived or not.
  press("}}}}");
  await shows(/paused +1x[^\n]* 4:00 of /);
  expect(trace.time).toBe(trace.range.from + 240n * second);
  // Until it is there the figures stay those of where it was.
  await shows(/REPLAY[^\n]* 22:17:20/);
  press("$");
  expect(await shows(/jumping/)).toMatch(/REPLAY[^\n]* 22:17:20/);
});

test("a click on the time line goes there", async () => {
  const { trace, terminal, press, shows } = await replayed();
  const row = terminal.rows().findIndex((line) => line.includes(" paused "));
  const last = terminal.rows()[row]?.lastIndexOf("─") ?? 0;
  press(`\x1b[<0;${last + 1};${row + 1}M`);
  await shows(/at end/);
  expect(trace.time).toBe(trace.range.to);
});

test("a paused recording does not grow old, and Space does not freeze it", async () => {
  const { press, shows } = await replayed();
  press("?");
  const help = await shows(/Keys and words/);
  expect(help).not.toContain("freeze");
  press("?");
  expect(await shows(/2 Holders/)).not.toMatch(/nothing new|FROZEN|late/);
});

test("leaves no listener on the recording", async () => {
  const { dashboard, press, trace } = await replayed();
  press("q");
  await dashboard.left;
  dashboard.end();
  trace.seek(trace.range.to);
  expect(trace.playing).toBe(false);
});

test("speeds go up and down their table, and end at its ends", () => {
  expect(nextSpeed(1, 1)).toBe(2);
  expect(nextSpeed(1, -1)).toBe(0.5);
  expect(nextSpeed(3, 1)).toBe(5);
  expect(nextSpeed(3, -1)).toBe(2);
  expect(nextSpeed(1000, 1)).toBe("most");
  expect(nextSpeed("most", 1)).toBe("most");
  expect(nextSpeed("most", -1)).toBe(1000);
  expect(nextSpeed(0.1, -1)).toBe(0.1);
});
