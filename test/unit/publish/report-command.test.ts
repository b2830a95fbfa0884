/** Claim: secretscope report reads a trace file like replay, fits its page, and lets no name act on a terminal. */
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { reportOf } from "../../../collector/publish/report/fromTrace.ts";
import type { Report } from "../../../collector/publish/report/report.ts";
import { TraceReplay } from "../../../collector/sources/trace-file/replay.ts";
import { TraceFile } from "../../../collector/trace/traceFile.ts";
import { reportText } from "../../../tui/commands/report.ts";
import { plain } from "../../../tui/text/paint.ts";
import { safeJson, unsafeCharacters } from "../../../tui/text/safe.ts";
import { width } from "../../../tui/text/width.ts";
import { hostileName } from "../commands/snapshots.ts";
import { process } from "../ledger/story.ts";
import { scratch } from "../trace/recorded.ts";
import { ReportedStory } from "./report-story.ts";

/** Recorded on 6.18 with test/fixtures/traces/record.mjs. */
const fixture = new URL("../../fixtures/traces/format-1.0.arrows", import.meta.url).pathname;

async function read(path: string): Promise<Report | undefined> {
  const file = new TraceFile(path);
  try {
    return await reportOf(file, new AbortController().signal);
  } finally {
    file.close();
  }
}

function hostile(): Report {
  const story = ReportedStory.started();
  const who = process(21);
  story.named(who, hostileName);
  story.split(who, 3);
  story.split(process(22), 2, { cause: "module" });
  story.refused(who, 4);
  story.holders([[who, 5_000_000]]);
  story.sampled();
  const party = { pid: who.pid, comm: hostileName, uid: 0, cgroup: hostileName };
  story.oomKill(1, { victim: party, trigger: party, constraint: "memcg", cgroup: hostileName });
  story.oomKill(2);
  story.kernel({ "2m": 107, "1g": 10 }, { oomKills: 7 });
  story.sampled();
  story.lost("lines", 2);
  story.restart();
  const damage = { from: 1n, to: 2n, offset: 0, length: 1, batch: 3, reason: `bad ${hostileName}` };
  return story.maker.report(story.ledger, { end: "cut", damage: [damage] });
}

describe("a recorded file", () => {
  test("says at its end what a replay says at its end", async () => {
    const report = await read(fixture);
    const file = new TraceFile(fixture);
    const replay = new TraceReplay(file);
    let peak = 0;
    let samples = 0;
    while (replay.step()) {
      samples++;
      peak = Math.max(peak, replay.snapshot().secret.residentBytes ?? 0);
    }
    file.close();
    const { secret, host, directMap } = replay.snapshot();
    expect(report).toMatchObject({ schema: "secretscope.report/1", host, recording: { end: "whole", damage: [] } });
    expect(report?.period.samples).toBe(samples);
    expect(report?.secret).toMatchObject({ peakBytes: peak, endBytes: secret.residentBytes });
    expect(report?.directMap.end).toEqual(directMap.bytes);
  });

  test("cut short is told", async () => {
    const path = join(scratch(), "cut.arrows");
    const whole = readFileSync(fixture);
    writeFileSync(path, whole);
    truncateSync(path, whole.length - 2000);
    const report = await read(path);
    expect(report?.recording.end).toBe("cut");
    expect(reportText(report as Report, { columns: 80, paint: plain })).toContain("cut off, its end is missing");
  });
});

describe.each([40, 80, 120])("on %i columns", (columns) => {
  test("every line fits, and hostile names are inert", () => {
    const text = reportText(hostile(), { columns, paint: plain });
    expect(text.replaceAll("\n", "").match(unsafeCharacters)).toBeNull();
    // What a table cannot shrink below this is cut by nobody.
    if (columns >= 80) expect(text.split("\n").filter((line) => width(line) > columns)).toEqual([]);
  });
});

test("the page says each figure in words that add up", () => {
  const text = reportText(hostile(), { columns: 120, paint: plain });
  expect(text).toContain("5 with a known cause + 2 without = 7 counted by the kernel");
  expect(text).toMatch(/ 3 +42% +secretmem +\\x1b.* \[21\] 3\n/);
  expect(text).toMatch(
    /refusals +4, to 1 process\n +4 x touch SIGBUS \(over the limit, or past the end of the file\)\.\n/,
  );
  expect(text).toMatch(/OOM kills +2 counted by the kernel, 2 seen/);
  expect(text).toContain("Held by the victim itself 4.8 MiB.");
  expect(text).toMatch(/in the period: 2 lines lost, 1 restart of the probes, 1 gap/);
  expect(text).toMatch(/recording +cut off, its end is missing, 1 part cannot be read/);
  expect(text).not.toContain("undefined");
});

test("as data nothing in it can act on a terminal either", () => {
  const text = safeJson(hostile());
  expect(text.match(unsafeCharacters)).toBeNull();
  expect(JSON.parse(text).oom.kills[0].victim.comm).toBe(hostileName);
});
