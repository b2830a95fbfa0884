/** Claim: a measured size that the counters agree with is not written, and no figure of the replay misses it. */
import { expect, test } from "vitest";
import type { Event } from "../../../collector/events.ts";
import { bytes, monotonicNs } from "../../../collector/units.ts";
import { process, Story } from "../ledger/story.ts";
import { readAll, record, snapshots } from "./recorded.ts";

const sizes = (events: readonly Event[]) => events.filter(({ kind }) => kind === "fileSize").length;

/** Five files of one process; each turn measures all of them and reads the counters. */
function watched() {
  const story = Story.watching();
  for (let file = 1; file <= 5; file++) {
    story.created(process(7), file);
    story.allocated(process(7), file, 10 * file);
  }
  const turn = (moves: () => void = () => {}, size: (file: number) => number = (file) => 10 * file) => {
    for (let file = 1; file <= 5; file++) story.holding(process(7), file, { residentBytes: bytes(4096) });
    story.tell({ kind: "scan", began: monotonicNs(story.now), processes: 9, hidden: 0, partial: false });
    for (let file = 1; file <= 5; file++) story.size(file, size(file));
    moves();
    story.tick();
    story.tell({ kind: "self", cpuSeconds: 0.1, rssBytes: bytes(1e6), probeNsPerEvent: null });
  };
  return { story, turn };
}

async function expectSame(story: Story): Promise<number> {
  const written = readAll(await record(story.events));
  expect(snapshots(written)).toEqual(snapshots(story.events));
  return sizes(written);
}

test("files that stand still are measured again and again, and written once", async () => {
  const { story, turn } = watched();
  for (let turns = 0; turns < 20; turns++) turn();
  expect(sizes(story.events)).toBe(100);
  expect(await expectSame(story)).toBe(5);
});

test("one that differs is written, and all are until the difference is gone", async () => {
  const { story, turn } = watched();
  for (let turns = 0; turns < 3; turns++) turn();
  turn(undefined, (file) => (file === 3 ? 33 : 10 * file));
  expect(story.snapshot.evidence.differencePages).toBe(3);
  turn(undefined, (file) => (file === 3 ? 33 : 10 * file));
  turn(undefined, (file) => (file === 3 ? 33 : 10 * file));
  expect(story.snapshot.evidence.differencePages).toBe(0);
  expect(await expectSame(story)).toBe(5 + 1 + 5);
});

test("one that moves while it is measured, and all after the probes began anew, are written", async () => {
  const { story, turn } = watched();
  turn();
  turn(
    () => story.allocated(process(7), 2, 25),
    (file) => (file === 2 ? 24 : 10 * file),
  );
  expect(await expectSame(story)).toBe(5 + 1);
  story.attached();
  turn(undefined, (file) => (file === 2 ? 25 : 10 * file));
  expect(await expectSame(story)).toBe(5 + 1 + 5);
});
