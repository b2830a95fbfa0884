/** Claim: each doubt about a figure is said in one line of words, and a figure without doubt has none. */
import { describe, expect, test } from "vitest";
import type { EvidenceReasonKind, EvidenceWord } from "../../../collector/snapshot.ts";
import { process, Story } from "./story.ts";

const holder = process(7);

/** Watched, measured, looked at: nothing to doubt. */
function certain(): Story {
  const story = Story.watching();
  story.created(holder, 5);
  story.allocated(holder, 5, 3);
  story.look([[holder, 5]]);
  story.kernel({ "2m": 0 });
  story.tick();
  return story;
}

const late = (story: Story, ms: number) => {
  story.wait(ms);
  story.kernel({ "2m": 0 });
};

test("all is well: complete, and no line", () => {
  expect(certain().snapshot.evidence).toMatchObject({
    complete: true,
    why: [],
    word: "complete",
    reasons: [],
    lost: 0,
    unattributedSplits: 0,
    restarts: 0,
    gaps: [],
    hiddenProcesses: 0,
    unlistedProcesses: false,
    route: { pages: "tracepoint", splits: "tracepoint", oom: "tracepoint" },
  });
});

describe("one line for each doubt", () => {
  const doubts: readonly (readonly [string, (story: Story) => void])[] = [
    ["the probes are not running: killed", (story) => story.detached("lost", "killed")],
    [
      "counters are as of 4.0 s ago: bpftrace is late",
      (story) => {
        story.wait(3999);
        story.kernel({ "2m": 0 });
      },
    ],
    [
      "nothing was seen during 1 gap; splits in it have no cause",
      (story) => story.tell({ kind: "gap", from: story.ledger.now, reason: "restart" }),
    ],
    [
      "1 printed line lost: totals are not affected, names and times of single events may be missing",
      (story) => story.lost("lines", 1),
    ],
    [
      "12 printed lines lost: totals are not affected, names and times of single events may be missing",
      (story) => story.lost("lines", 12),
    ],
    ["a map in the kernel was full 1 time: some pages may not be counted", (story) => story.lost("keys", 1)],
    ["2 lines of bpftrace could not be read", (story) => story.lost("unreadable", 2)],
    [
      "1 file could not be measured yet",
      (story) =>
        story.look([
          [holder, 5],
          [holder, 6],
        ]),
    ],
    ["3 processes could not be looked into", (story) => story.look([[holder, 5]], 3)],
    ["1 process could not be looked into", (story) => story.look([[holder, 5]], 1)],
    [
      "counters and kernel differed by 1 page; the kernel's figure is shown",
      (story) => {
        story.size(5, 4);
        story.tick();
      },
    ],
    ["1 split without a known cause", (story) => story.kernel({ "2m": 1 })],
    [
      "holders are as of 61 s ago",
      (story) => {
        story.wait(61_000);
        story.kernel({ "2m": 0 });
        story.tick();
      },
    ],
  ];

  test.each(doubts)("%s", (line, happens) => {
    const story = certain();
    happens(story);
    const { evidence } = story.snapshot;
    expect(evidence.why).toEqual([line]);
    expect(evidence.complete).toBe(false);
    expect(evidence.reasons.map(({ text }) => text)).toEqual([line]);
  });

  // Screens and rules go by these; the lines are for people.
  test.each([
    ["detached", "partial", (story) => story.detached("lost", "killed")],
    ["late", "late", (story) => late(story, 3999)],
    ["oldScan", "late", (story) => [story.wait(61_000), story.kernel({ "2m": 0 }), story.tick()]],
    ["gap", "lossy", (story) => story.restart()],
    ["lost", "lossy", (story) => story.lost("lines", 1)],
    ["mapFull", "lossy", (story) => story.lost("keys", 1)],
    ["unreadable", "lossy", (story) => story.lost("unreadable", 1)],
    ["hidden", "partial", (story) => story.look([[holder, 5]], 3)],
    ["inFlight", "partial", (story) => story.plan(undefined, { inFlight: 2 })],
    ["unattributed", "partial", (story) => story.kernel({ "2m": 1 })],
    ["overattributed", "partial", (story) => story.split(holder, 1, { level: "2m" })],
    ["difference", "partial", (story) => [story.size(5, 4), story.tick()]],
    ["blind", "partial", (story) => story.plan({ pages: "tracepoint", splits: "tracepoint" })],
  ] as const satisfies readonly (readonly [EvidenceReasonKind, EvidenceWord, (story: Story) => unknown])[])(
    "%s makes it %s",
    (kind, word, happens) => {
      const story = certain();
      happens(story);
      const { evidence } = story.snapshot;
      expect(evidence.reasons.map((reason) => reason.kind)).toContain(kind);
      expect(evidence.word).toBe(word);
    },
  );

  test("what was in flight at the start keeps 'nobody holds any' from being said, until nothing is", () => {
    const story = certain();
    story.look([]);
    story.freed(5, 3);
    story.tick();
    expect(story.snapshot.hibernation.blocked).toBe(false);
    story.plan(undefined, { inFlight: 1 });
    expect(story.snapshot.hibernation.blocked).toBeNull();
    expect(story.snapshot.evidence.why).toEqual([
      "1 descriptor in flight in sockets since before the start: a secret file among them is not shown",
    ]);
    story.plan();
    expect(story.snapshot.hibernation.blocked).toBe(false);
    expect(story.snapshot.evidence.complete).toBe(true);
  });

  test("a restart without a gap that is remembered: lossy, and the figures are not doubted", () => {
    const story = certain();
    story.attached();
    story.size(5, 3);
    story.tick();
    const { evidence } = story.snapshot;
    expect(evidence).toMatchObject({ word: "lossy", reasons: [{ kind: "restart" }], complete: true, why: [] });
  });

  test("the worst word wins: lossy, late, partial", () => {
    const story = certain();
    story.look([[holder, 5]], 3);
    late(story, 3999);
    expect(story.snapshot.evidence.word).toBe("late");
    story.lost("lines", 1);
    expect(story.snapshot.evidence.word).toBe("lossy");
  });

  test("two doubts are two lines", () => {
    const story = certain();
    story.lost("lines", 1);
    story.lost("keys", 1);
    expect(story.snapshot.evidence.why).toHaveLength(2);
  });
});

test("what the plan does not see is named with its remedy, and is no doubt about what is seen", () => {
  const story = certain();
  const blind = [{ fact: "faults", reason: "no kprobes", remedy: "another kernel" }];
  story.tell({ kind: "plan", routes: { pages: "kprobe", faults: "kprobe" }, blind, intervalMs: 1000 });
  const { evidence } = story.snapshot;
  expect(evidence.blind).toEqual(blind);
  expect(evidence.complete).toBe(true);
  expect(evidence.route).toEqual({ pages: "kprobe", splits: null, oom: null, faults: "kprobe" });
});

test("without probes the figures are /proc's, and nobody waits for bpftrace", () => {
  const story = new Story();
  story.host();
  story.plan({});
  story.look([[holder, 5]]);
  story.size(5, 3);
  story.tick();
  expect(story.snapshot.evidence).toMatchObject({ route: { pages: "procfs" }, complete: true, why: [] });
});
