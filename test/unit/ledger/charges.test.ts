/** Claim: who pays for a page is the cgroup whose process touched it, until it is freed; and what is not known is no charge. */
import { describe, expect, test } from "vitest";
import { pageBytes, process, Story } from "./story.ts";

const broker = process(7);
const worker = process(8);
const unit = "/system.slice/broker.service";

/** The broker made a file of ten pages, and the worker has it, too. */
function shared(): Story {
  const story = Story.watching();
  story.named(broker, "broker", unit);
  story.named(worker, "worker", "/user.slice");
  story.created(broker, 5);
  story.allocated(broker, 5, 10);
  story.look([
    [broker, 5],
    [worker, 5],
  ]);
  story.tick();
  return story;
}

const charges = ({ snapshot }: Story) =>
  snapshot.secret.charges?.map(({ cgroup, bytes, withoutHolderBytes: without }) => [
    cgroup,
    bytes / pageBytes,
    without === null ? null : without / pageBytes,
  ]) ?? null;

test("a cgroup pays for what its process touched, whoever else has it", () => {
  expect(charges(shared())).toEqual([[unit, 10, 0]]);
});

test("and goes on paying when that process ended: without a holder", () => {
  const story = shared();
  story.exit(broker);
  story.look([[worker, 5]]);
  story.tick();
  expect(charges(story)).toEqual([[unit, 10, 10]]);
  story.freed(5, 10);
  story.look([]);
  story.tick();
  expect(charges(story)).toEqual([]);
});

test("each file for itself: that the cgroup has another one is no excuse", () => {
  const story = shared();
  story.created(broker, 6);
  story.allocated(broker, 6, 3);
  story.allocated(worker, 6, 2);
  story.look([
    [worker, 5],
    [broker, 6],
  ]);
  story.tick();
  expect(charges(story)).toEqual([
    [unit, 13, 10],
    ["/user.slice", 2, 2],
  ]);
});

test("a holder in a cgroup below counts, one in a cgroup that is only called alike does not", () => {
  for (const [cgroup, without] of [
    [`${unit}/child`, 0],
    [`${unit}2`, 10],
    ["/", 10],
  ] as const) {
    const story = shared();
    story.named(process(9), "heir", cgroup);
    story.look([[process(9), 5]]);
    story.tick();
    expect(charges(story), cgroup).toEqual([[unit, 10, without]]);
  }
  const story = Story.watching();
  story.named(broker, "broker", "/");
  story.named(worker, "worker", "/user.slice");
  story.allocated(broker, 5, 10);
  story.size(5, 10);
  story.tick();
  story.look([[worker, 5]]);
  expect(charges(story), "everybody is within the root").toEqual([["/", 10, 0]]);
});

test("a file that is newer than the last look has its maker", () => {
  const story = Story.watching();
  story.look([]);
  story.named(broker, "broker", unit);
  story.created(broker, 5);
  story.allocated(broker, 5, 10);
  story.tick();
  expect(charges(story)).toEqual([[unit, 10, 0]]);
});

describe("nobody can say who pays", () => {
  const unknown = [[null, 10, null]];

  test("when the process was in two cgroups", () => {
    const story = shared();
    story.named(broker, "broker", "/elsewhere");
    expect(charges(story)).toEqual(unknown);
    story.named(broker, "broker", unit);
    expect(charges(story)).toEqual(unknown);
  });

  test("when its cgroup, or that of a holder, is not known", () => {
    const story = Story.watching();
    story.named(broker, "broker", null);
    story.created(broker, 5);
    story.allocated(broker, 5, 10);
    story.look([[broker, 5]]);
    story.tick();
    expect(charges(story)).toEqual(unknown);
    const other = shared();
    other.look([[process(9), 5]]);
    expect(charges(other)).toEqual(unknown);
  });

  test("for what came in a gap", () => {
    const story = shared();
    story.restart();
    expect(charges(story)).toEqual(unknown);
    story.size(5, 14);
    story.tick();
    expect(charges(story)).toEqual([
      [unit, 10, 0],
      [null, 4, null],
    ]);
  });

  test("while the probes do not run, or others are not listed: null", () => {
    const story = shared();
    story.detached();
    expect([charges(story), story.snapshot.secret.unheldBytes]).toEqual([null, null]);
    const alone = shared();
    alone.tell({ kind: "scan", began: alone.ledger.now, processes: 1, hidden: 0, partial: true });
    expect([charges(alone), alone.snapshot.secret.unheldBytes]).toEqual([null, null]);
  });
});

test("pages from before the start are nobody's", () => {
  const story = Story.watching();
  story.named(worker, "worker", "/user.slice");
  story.look([[worker, 5]]);
  story.size(5, 10);
  story.tick();
  expect([story.residentPages(5), charges(story)]).toEqual([10, []]);
});
