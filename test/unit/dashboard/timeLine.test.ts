/** The line that says where a replay is, and where in it things happened. */
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { LandmarkKind, Landmarks } from "../../../collector/sources/trace-file/landmarks.ts";
import { lookOf } from "../../../tui/dashboard/look.ts";
import { lineWidth } from "../../../tui/dashboard/views/line.ts";
import { type Position, timeAt, timeLine } from "../../../tui/dashboard/views/timeLine.ts";
import { recorded } from "./derived.ts";
import { draw, unicodeLook } from "./terminal.ts";

beforeAll(() => {
  process.env.TZ = "UTC";
});

const second = (at: number) => BigInt(at) * 1_000_000_000n;

/** At these seconds. */
function landmarksAt(places: Partial<Record<LandmarkKind, readonly number[]>>, read = 1): Landmarks {
  const times = (kind: LandmarkKind) => (places[kind] ?? []).map(second);
  return {
    read,
    between: (kind, from, to) => times(kind).some((time) => time >= from && time < to),
    next: (kind, after) => times(kind).find((time) => time > after),
    previous: (kind, before) => times(kind).findLast((time) => time < before),
  };
}

const position: Position = {
  from: second(0),
  to: second(1000),
  time: second(500),
  wall: "2026-11-21T03:12:00.000Z",
  playing: true,
  atEnd: false,
  speed: 10,
  landmarks: landmarksAt({ split: [0, 100, 400], refused: [200], oomKill: [1000, 700, 400], gap: [600] }),
};

const text = (changes: Partial<Position> = {}, columns = 80, look = unicodeLook) =>
  timeLine({ ...position, ...changes }, columns, look)
    .spans.map((span) => span.text)
    .join("");

test("says how fast, between which times, and how far; each kind has a letter of its own", () => {
  const line = text();
  expect(line).toMatch(/^ playing {3}10x {2}03:03:40 s.* 03:20:20 {3}8:20 of 16:40 $/);
  expect(line).toMatch(/s━+s━+R━+X━+│─+\?─+X─+X/);
});

test("a kill is shown before a split that lies under the same letter", () => {
  expect(text({ landmarks: landmarksAt({ split: [400], oomKill: [400] }) })).not.toContain("s━");
});

test.each([
  [{ playing: false }, / paused {4}10x /],
  [{ playing: false, atEnd: true }, / at end {4}10x /],
  [{ speed: "most" }, / playing {2}most /],
  [{ speed: 0.1 }, / playing {2}0\.1x /],
  [{ landmarks: landmarksAt({}, 0.456) }, / of 16:40 marks 45% $/],
  [{ jump: { to: second(900), done: 0.437 } }, /^ jumping {3}43% {2}03:03:40 .*━│─.* 15:00 of 16:40 $/],
  [{ time: second(0) }, / 03:12:00 │/],
  [{ time: second(1000) }, /│ 03:12:00 /],
] as const)("%o", (changes, wanted) => {
  expect(text(changes)).toMatch(wanted);
});

test.each([60, 79, 80, 120, 200])("fills %d columns, and no more", (columns) => {
  for (const time of [0, 1, 499, 1000]) {
    expect(lineWidth(timeLine({ ...position, time: second(time) }, columns, unicodeLook))).toBe(columns);
  }
});

test("a recording of one sample, and times beside the range, do no harm", () => {
  expect(text({ from: 5n, to: 5n, time: 5n })).toHaveLength(80);
  expect(text({ time: second(5000) })).toHaveLength(80);
  expect(text({ from: second(1000), to: second(0), wall: "no time" })).toHaveLength(80);
});

test("in ASCII, too", () => {
  expect(text({}, 80, lookOf({ TERM: "linux" }, true))).toMatch(/^[\x20-\x7e]{80}$/);
});

test("a click on a column goes to the time that the cursor shows there", () => {
  for (let x = 0; x < 80; x += 1) {
    const time = timeAt(position, 80, x);
    if (time === undefined) continue;
    expect(text({ time })[x]).toBe("│");
  }
  expect(timeAt(position, 80, 0)).toBeUndefined();
  expect(timeAt(position, 80, 79)).toBeUndefined();
});

describe("the whole screen", () => {
  test.each([
    [60, 15],
    [80, 24],
    [120, 40],
  ])("%dx%d", async (columns, rows) => {
    const { terminal } = await draw(recorded("busy"), columns, rows, {}, unicodeLook, position);
    expect(terminal.rows()[0]).toMatch(/^ secretscope REPLAY · /);
    expect(terminal.rows().at(-1)).toMatch(/\? help .*Space play\/pause/);
    expect(terminal.text()).not.toMatch(/freeze/);
    const path = join(import.meta.dirname, `../../fixtures/screens/replay-${columns}x${rows}.txt`);
    await expect(`${terminal.text()}\n`).toMatchFileSnapshot(path);
  });
});
