/**
 * Claim: a ledger that begins with a checkpoint says the same as one that heard everything, at that reading and at all
 * that follow.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Event } from "../../../collector/events.ts";
import { Ledger } from "../../../collector/ledger/ledger.ts";
import { makeCheckpoint } from "../../../collector/trace/checkpoint/make.ts";
import { CheckpointMemory } from "../../../collector/trace/checkpoint/memory.ts";
import { histories, live, runs } from "../ledger/histories.ts";
import { pageBytes, process, Story } from "../ledger/story.ts";
import { snapshots } from "./recorded.ts";

test("at any reading, and between readings", () => {
  let tried = 0;
  let made = 0;
  fc.assert(
    fc.property(histories, fc.boolean(), fc.boolean(), fc.nat(), (steps, tellsLevel, reusesInodes, where) => {
      const { events } = live(steps, { tellsLevel, reusesInodes }).story;
      const cut = where % events.length;
      const memory = new CheckpointMemory();
      for (const event of events.slice(0, cut)) memory.take(event);
      const checkpoint = makeCheckpoint(memory);
      // Not before the first look and the first reading.
      if (memory.ledger.holdings.scan === undefined || memory.ledger.lastTick === null) return;
      tried++;
      if (checkpoint === undefined) return;
      made++;
      expectSame(events.slice(0, cut), checkpoint, events.slice(cut));
    }),
    runs,
  );
  expect(made / tried).toBeGreaterThan(0.98);
}, 60_000);

test("a process that was moved between cgroups is known to have been, and its pages are charged to nobody", () => {
  const story = Story.watching();
  const moved = process(7);
  story.named(moved, "moved", "/first");
  story.created(moved, 5);
  story.named(moved, "moved", "/second");
  story.look([[moved, 5]]);
  story.tick();
  const memory = new CheckpointMemory();
  for (const event of story.events) memory.take(event);
  const before = story.events.length;
  story.allocated(moved, 5, 3);
  story.tick();
  expect(story.snapshot.secret.charges).toEqual([{ cgroup: null, bytes: 3 * pageBytes, withoutHolderBytes: null }]);
  expectSame(story.events.slice(0, before), makeCheckpoint(memory) ?? [], story.events.slice(before));
});

function expectSame(before: readonly Event[], checkpoint: readonly Event[], after: readonly Event[]): void {
  const whole = new Ledger();
  const resumed = new Ledger();
  for (const event of before) whole.apply(event);
  for (const event of checkpoint) resumed.apply(event);
  expect(resumed.snapshot()).toEqual(whole.snapshot());
  expect(snapshots(after, resumed)).toEqual(snapshots(after, whole));
}
