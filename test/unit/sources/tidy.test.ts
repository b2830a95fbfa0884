/** Claim: a key leaves the kernel when it cannot move again and its last value was read, and never before. */
import { describe, expect, test } from "vitest";
import { RunStory } from "./runStory.ts";

const start = 65_000_000_000;
const exits = (story: RunStory) => story.line("exit", 1, 7, start);

describe("a process that ended", () => {
  test("before the reading was asked for: its pages are counted for good, the key goes", () => {
    const story = new RunStory();
    exits(story);
    story.read({ "@a": { [`5,7,${start}`]: 4 }, "@r": { [`7,${start},2,11`]: 1 } });
    expect(story.orders).toEqual([
      ["removeAllocated", 5n, 7n, BigInt(start)],
      ["removeRefused", BigInt(2 * 0x10000 + 11), 7n, BigInt(start)],
    ]);
  });

  test("while the reading was on its way: not yet", () => {
    const story = new RunStory();
    story.run.ask();
    exits(story);
    story.line("tick", 1, 9, 0);
    story.receive({ type: "map", name: "@a", data: { [`5,7,${start}`]: 4 } });
    story.line("tock", 1);
    expect(story.orders).toEqual([]);
  });

  test("of another process with the same pid: not", () => {
    const story = new RunStory();
    story.line("exit", 1, 7, start - 1);
    story.read({ "@a": { [`5,7,${start}`]: 4 } });
    expect(story.orders).toEqual([]);
  });

  // From 104 days of uptime on, nanoseconds are beyond 2^53: the kernel has the odd ones too.
  test("is named exactly, however long the machine is up", () => {
    const story = new RunStory();
    const odd = 9_007_199_254_740_993n;
    story.line("exit", 1, 7, odd);
    story.read({ "@a": { [`5,7,${odd}`]: 4 } });
    expect(story.orders).toEqual([["removeAllocated", 5n, 7n, odd]]);
  });
});

describe("a file that is gone", () => {
  test("its allocations go first, what was freed of it only when no allocation is left", () => {
    const story = new RunStory({ isGone: () => true });
    story.read({ "@d": { "5,0": 4 }, "@a": { [`5,7,${start}`]: 4 } });
    expect(story.orders).toEqual([
      ["removeAllocated", 5n, 7n, BigInt(start)],
      ["removeFreed", 5n, 0n, 0n],
    ]);
  });

  test("one that still is there keeps all its keys", () => {
    const story = new RunStory();
    story.read({ "@d": { "5,0": 4 }, "@a": { [`5,7,${start}`]: 4 } });
    expect(story.orders).toEqual([]);
  });
});

describe("an empty map is not printed", () => {
  test("silence means empty: the same count that comes again is told again", () => {
    const story = new RunStory();
    story.read({ "@d": { "5,0": 4 } });
    story.read({});
    story.read({ "@d": { "5,0": 4 } });
    expect(story.said("freed")).toHaveLength(2);
  });

  test("but not when a line was lost", () => {
    const story = new RunStory();
    story.read({ "@d": { "5,0": 4 } });
    story.read({}, [{ type: "lost_events", events: 1 }]);
    story.read({ "@d": { "5,0": 4 } });
    expect(story.said("freed")).toHaveLength(1);
  });
});

test("the generation of the split maps is changed on request, and the old one emptied after it was read", () => {
  const story = new RunStory();
  const stacks = Object.fromEntries(
    Array.from({ length: 257 }, (_, n) => [`${n + 1},1,0,0,\n  __change_page_attr+1\n`, 1]),
  );
  story.read({ "@s0": stacks });
  expect(story.orders).toEqual([["switchGeneration", 1n, 0n, 0n]]);
  story.read({ "@s0": stacks, "@s1": { "0,0,0,0,": 1 } }, [], 1);
  story.read({ "@s0": stacks, "@s1": { "0,0,0,0,": 1 } }, [], 1);
  expect(story.orders.at(-1)).toEqual(["emptyGeneration", 0n, 0n, 0n]);
});

test("when bpftrace has ended, its last print of the maps is the last word of the counters", () => {
  const story = new RunStory();
  story.read({ "@a": { [`5,7,${start}`]: 4 }, "@s0": { "7,1,0,0,\n  __change_page_attr+1\n": 1 } });
  story.receive(
    { type: "map", name: "@a", data: { [`5,7,${start}`]: 6 } },
    { type: "map", name: "@s0", data: { "7,1,0,0,\n  __change_page_attr+1\n": 5 } },
  );
  story.run.finish();
  expect(story.said("allocated").at(-1)).toMatchObject({ pages: 6 });
  expect(story.said("split").at(-1)).toMatchObject({ count: 5 });
});
