/** Claim: a time as a person writes it is the moment that the person means, and what is no time is refused. */
import { beforeEach, describe, expect, test } from "vitest";
import type { Event } from "../../../collector/events.ts";
import { momentIn } from "../../../collector/sources/trace-file/moment.ts";
import { TraceFile } from "../../../collector/trace/traceFile.ts";
import { bytes, monotonicNs, wallMs } from "../../../collector/units.ts";
import { parseDuration } from "../../../tui/text/durations.ts";
import { record } from "./recorded.ts";

const second = 1_000_000_000n;
const begin = 100n * second;

/** Local time, as --at reads it: written without a zone. */
const at = (local: string) => wallMs(Date.parse(local));

/** A recording from this local time on, with a sample each minute. */
function* samples(wall: ReturnType<typeof wallMs>, minutes: number): Generator<Event> {
  yield { kind: "clock", at: monotonicNs(begin), wall };
  for (let minute = 0; minute <= minutes; minute++) {
    const now = monotonicNs(begin + BigInt(minute) * 60n * second);
    yield { kind: "tick", at: now, epoch: 1, sequence: minute + 1 };
    yield { kind: "self", at: now, cpuSeconds: 0, rssBytes: bytes(0), probeNsPerEvent: null };
  }
}

async function secondsIn(local: string, minutes: number, text: string): Promise<number | undefined> {
  const path = await record(samples(at(local), minutes), { wall: () => at(local), now: () => monotonicNs(begin) });
  const file = new TraceFile(path);
  const moment = momentIn(file, text, parseDuration);
  file.close();
  return moment === undefined ? undefined : Number(moment - begin) / 1e9;
}

describe("a recording from 23:36:19 to 23:46:19", () => {
  const inIt = (text: string) => secondsIn("2026-11-21T23:36:19", 10, text);

  test.each([
    ["23:40", 221],
    ["23:40:30", 251],
    ["23:36:19.5", 0.5],
    ["2026-11-21 23:40", 221],
    ["2026-11-21T23:40:30", 251],
    [new Date(at("2026-11-21T23:40")).toISOString(), 221],
    ["+90s", 90],
  ])("%s is %d s into it", async (text, seconds) => expect(await inIt(text)).toBe(seconds));

  test.each([
    ["the minute it begins in", "23:36", -19],
    ["the evening before it", "20:00", -12_979],
    ["just after it", "23:50", 821],
    ["the night after it", "00:10", 2021],
  ])("%s, %s, is outside, on the side that is nearer", async (_, text, seconds) =>
    expect(await inIt(text)).toBe(seconds),
  );

  test.each([
    "",
    "now",
    "0",
    "24:00",
    "23:60",
    "99:99",
    "-5s",
    "+5",
    "+",
    "2026-13-01",
    "2026-02-30T10:00",
    "2026-11-31",
    "2026-11-21T25:00",
    "2026-11-21 nonsense",
  ])("%j is no time", async (text) => expect(await inIt(text)).toBeUndefined());
});

describe("a recording over midnight", () => {
  const inIt = (text: string) => secondsIn("2026-11-21T22:00:00", 600, text);

  test.each([
    ["22:00", 0],
    ["23:30", 5400],
    ["03:12", 18_720],
    ["08:00", 36_000],
  ])("%s is %d s into it", async (text, seconds) => expect(await inIt(text)).toBe(seconds));
});

test("of several days, the first such time", async () => {
  expect(await secondsIn("2026-11-20T22:00:00", 3 * 1440, "03:12")).toBe(18_720);
});

describe("where clocks are put forward in the night", () => {
  beforeEach(() => {
    const zone = process.env.TZ;
    process.env.TZ = "Europe/Berlin";
    return () => {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    };
  });

  test("a time of the next morning is by the calendar, not 24 hours later", async () => {
    expect(await secondsIn("2026-03-28T22:00:00", 660, "08:00")).toBe(9 * 3600);
  });
});
