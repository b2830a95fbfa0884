/** Claim: each split has a cause, a process and a level, and where the level cannot be told, it is null and not a guess. */
import { describe, expect, test } from "vitest";
import { process, Story } from "./story.ts";

const a = process(7);
const b = process(8);
const rows = (story: Story) =>
  story.snapshot.splitCauses.map(({ pid, level, count }) => [pid, level, count] as const).sort();

describe("where the route cannot tell the level", () => {
  test("vmstat moved in 2M only: all are 2M", () => {
    const story = Story.watching();
    story.split(a, 3);
    story.split(b, 2);
    story.kernel({ "2m": 5 });
    story.tick();
    expect(rows(story)).toEqual([
      [7, "2m", 3],
      [8, "2m", 2],
    ]);
  });

  test("vmstat moved in 1G only: all are 1G", () => {
    const story = Story.watching();
    story.split(a, 1);
    story.split(b, 1);
    story.kernel({ "1g": 2 });
    story.tick();
    expect(rows(story)).toEqual([
      [7, "1g", 1],
      [8, "1g", 1],
    ]);
  });

  test("both moved and one stack explains it all: it has some of each", () => {
    const story = Story.watching();
    story.split(a, 4);
    story.kernel({ "2m": 3, "1g": 1 });
    story.tick();
    expect(rows(story)).toEqual([
      [7, "1g", 1],
      [7, "2m", 3],
    ]);
  });

  test("both moved and two stacks share them: nobody can tell", () => {
    const story = Story.watching();
    story.split(a, 3);
    story.split(b, 1);
    story.kernel({ "2m": 3, "1g": 1 });
    story.tick();
    expect(rows(story)).toEqual([
      [7, null, 3],
      [8, null, 1],
    ]);
    expect(story.snapshot.evidence.unattributedSplits).toBe(0);
  });

  test("each reading is told apart: what was 2M stays 2M", () => {
    const story = Story.watching();
    story.split(a, 1);
    story.kernel({ "2m": 1 });
    story.tick();
    story.split(a, 2);
    story.kernel({ "1g": 1 });
    story.tick();
    expect(rows(story)).toEqual([
      [7, "1g", 1],
      [7, "2m", 1],
    ]);
  });
});

describe("counts", () => {
  test("what vmstat moved by and no stack explains is unattributed, and said", () => {
    const story = Story.watching({ "2m": 100, "1g": 10 });
    story.split(a, 3);
    story.kernel({ "2m": 108 });
    story.tick();
    expect(story.snapshot.directMap.sinceStart.splits).toEqual({ "2m": 8, "1g": 0 });
    expect(story.snapshot.evidence).toMatchObject({
      unattributedSplits: 5,
      complete: false,
      why: ["5 splits without a known cause"],
    });
  });

  test("a stack that was counted though its split lost a race makes the rest negative, not hidden", () => {
    const story = Story.watching();
    story.split(a, 2);
    story.kernel({ "2m": 1 });
    story.tick();
    expect(story.snapshot.evidence.unattributedSplits).toBe(-1);
    expect(story.snapshot.evidence.why).toEqual([
      "1 split counted by stack that the kernel did not count: races for the same page",
    ]);
  });

  test("a new generation of the kernel's map begins at zero, and adds", () => {
    const story = Story.watching();
    story.split(a, 3, { level: "2m", generation: 1 });
    story.split(a, 3, { level: "2m", generation: 1 });
    story.split(a, 2, { level: "2m", generation: 2 });
    story.kernel({ "2m": 5 });
    story.tick();
    expect(rows(story)).toEqual([[7, "2m", 5]]);
    expect(story.snapshot.evidence.unattributedSplits).toBe(0);
  });

  test("more pairs of process and stack than are kept apart, told again and again in one generation: each counted once", () => {
    const story = Story.watching();
    const many = 5000;
    for (let reading = 1; reading <= 3; reading++) {
      for (let n = 1; n <= many; n++) story.split(process(n), reading, { level: "2m", generation: 7 });
      story.kernel({ "2m": many * reading });
      story.tick();
    }
    const shown = story.snapshot.splitCauses.reduce((sum, { count }) => sum + count, 0);
    expect(shown).toBe(many * 3);
    expect(story.snapshot.evidence.unattributedSplits).toBe(0);
  });

  test("two stacks and two causes of one process are rows of their own, the largest first", () => {
    const story = Story.watching();
    story.split(a, 1, { level: "2m", cause: "module", stack: ["load_module+0x1"] });
    story.split(a, 2, { level: "2m", stack: ["secretmem_fault+0x1"] });
    story.split(a, 3, { level: "2m", stack: ["secretmem_fault+0x2"] });
    expect(story.snapshot.splitCauses.map(({ cause, count, stack }) => [cause, count, stack])).toEqual([
      ["secretmem", 3, ["secretmem_fault+0x2"]],
      ["secretmem", 2, ["secretmem_fault+0x1"]],
      ["module", 1, ["load_module+0x1"]],
    ]);
  });

  test("a reused pid is another process", () => {
    const story = Story.watching();
    story.named(process(7, 1), "first");
    story.named(process(7, 2), "second");
    story.split(process(7, 1), 1, { level: "2m" });
    story.split(process(7, 2), 2, { level: "2m" });
    expect(story.snapshot.splitCauses.map(({ comm, count }) => [comm, count])).toEqual([
      ["second", 2],
      ["first", 1],
    ]);
  });

  test("without split counters there is nothing to add up: unknown", () => {
    const story = Story.watching({});
    story.kernel({});
    story.tick();
    expect(story.snapshot.directMap.sinceStart).toEqual({
      splits: { "2m": null, "1g": null },
      own: { "2m": null, "1g": null },
    });
    expect(story.snapshot.evidence.unattributedSplits).toBeNull();
  });
});

describe("secretscope's own", () => {
  test("the price of attaching is a row of its own, and in the sum", () => {
    const story = Story.watching();
    story.tell({ kind: "ownSplits", epoch: 1, splits: { "2m": 2, "1g": null } });
    story.kernel({ "2m": 2 });
    story.tick();
    expect(story.snapshot.splitCauses).toMatchObject([
      { cause: "bpf", pid: 4000, comm: "secretscope", own: true, level: "2m", count: 2 },
    ]);
    expect(story.snapshot.directMap.sinceStart.own).toEqual({ "2m": 2, "1g": 0 });
    expect(story.snapshot.evidence.unattributedSplits).toBe(0);
  });

  test("splits under bpftrace's pid are its own, of this life and of those before", () => {
    const story = Story.watching();
    story.split(process(4000), 1, { level: "2m" });
    story.detached();
    story.attached(5000);
    story.split(process(5000), 2, { level: "2m", generation: 2 });
    story.split(a, 3, { level: "2m", generation: 2 });
    expect(story.snapshot.splitCauses.map(({ pid, own }) => [pid, own])).toEqual([
      [7, false],
      [5000, true],
      [4000, true],
    ]);
  });
});
