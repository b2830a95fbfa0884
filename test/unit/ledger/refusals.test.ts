/** Claim: whatever the kernel turns down is counted, whoever asked, and for good; a figure is never counted twice. */
import { afterEach, describe, expect, test } from "vitest";
import type { ProcessId } from "../../../collector/events.ts";
import { Ledger } from "../../../collector/ledger/ledger.ts";
import { mostRefusedProcesses, type Snapshot } from "../../../collector/snapshot.ts";
import { makeCheckpoint } from "../../../collector/trace/checkpoint/make.ts";
import { CheckpointMemory } from "../../../collector/trace/checkpoint/memory.ts";
import { process, Story } from "./story.ts";

const total = ({ secret }: Snapshot) => secret.refusals.reduce((sum, { count }) => sum + count, 0);
const running: Story[] = [];
const watching = () => {
  const story = Story.watching();
  running.push(story);
  return story;
};

// Nobody adds up thousands of processes to know that there was one more.
afterEach(() => {
  for (const story of running.splice(0)) expect(story.ledger.refusals.count).toBe(total(story.snapshot));
});

describe("by kind, in all", () => {
  test("holders, those who hold nothing, and those who ended", () => {
    const story = watching();
    const [holder, asker, gone] = [process(7), process(8), process(9)];
    story.look([[holder, 5]]);
    story.refused(holder, 2, "map", "EAGAIN");
    story.refused(holder, 1, "create", "EMFILE");
    story.refused(asker, 4, "create", "EMFILE");
    story.refused(gone, 1, "map", "EAGAIN");
    story.exit(gone);
    story.tick();
    const { secret } = story.snapshot;
    expect(secret.refusals).toEqual([
      { what: "create", code: "EMFILE", count: 5 },
      { what: "map", code: "EAGAIN", count: 3 },
    ]);
    expect(secret.holders[0]).toMatchObject({
      refused: 3,
      refusals: [
        { what: "map", code: "EAGAIN", count: 2 },
        { what: "create", code: "EMFILE", count: 1 },
      ],
    });
  });

  test("a reading says the same again: counted once; another life of the probes counts from zero: added", () => {
    const story = watching();
    story.refused(process(7), 2, "map", "EAGAIN");
    story.refused(process(7), 2, "map", "EAGAIN");
    story.restart();
    story.refused(process(7), 1, "map", "EAGAIN");
    expect(story.snapshot.secret.refusals).toEqual([{ what: "map", code: "EAGAIN", count: 3 }]);
  });
});

describe("who was turned down", () => {
  test("holds nothing and is seen, by name, the latest first", () => {
    const story = watching();
    story.named(process(8, 3), "asker");
    story.refused(process(9), 1, "map", "EAGAIN");
    story.wait(5000);
    story.refused(process(8, 3), 4, "create", "EMFILE");
    story.refused(process(9), 1, "map", "EAGAIN");
    const { secret, time } = story.snapshot;
    expect(secret.holders).toEqual([]);
    const [first, second] = secret.refusedProcesses;
    expect(first).toMatchObject({
      pid: 8,
      startTicks: 3,
      comm: "asker",
      uid: 0,
      what: "create",
      code: "EMFILE",
      count: 4,
    });
    expect(second).toMatchObject({ pid: 9, comm: "", uid: null, what: "map", code: "EAGAIN", count: 1 });
    // Said again is not refused again.
    expect(Date.parse(time) - Date.parse(second?.last ?? "")).toBeGreaterThanOrEqual(5000);
    expect(Date.parse(time) - Date.parse(first?.last ?? "")).toBeLessThan(100);
  });

  test("only so many are listed, all are counted", () => {
    const story = watching();
    for (let n = 1; n <= mostRefusedProcesses + 10; n++) story.refused(process(n), 1, "map", "EAGAIN");
    const { secret } = story.snapshot;
    expect(secret.refusedProcesses).toHaveLength(mostRefusedProcesses);
    expect(secret.refusedProcesses[0]?.pid).toBe(mostRefusedProcesses + 10);
    expect(total(story.snapshot)).toBe(mostRefusedProcesses + 10);
  });
});

describe("more processes than are kept apart", () => {
  test("the ended leave and stay counted", () => {
    const story = watching();
    for (let n = 1; n <= 9000; n++) {
      story.refused(process(n, n), 2, "map", "EAGAIN");
      story.exit(process(n, n));
      story.named(process(n, n), "short");
      story.exit(process(n, n));
      if (n % 100 === 0) story.tick();
    }
    expect([...story.ledger.refusals.processes].length).toBeLessThanOrEqual(4096);
    expect(story.snapshot.secret.refusals).toEqual([{ what: "map", code: "EAGAIN", count: 18_000 }]);
  });

  // The kernel's counter goes on: forgotten, it would be added again from its beginning.
  test("the living stay, and their next count is not added to itself", () => {
    const story = watching();
    for (let n = 1; n <= 5000; n++) story.refused(process(n), 3, "map", "EAGAIN");
    for (let n = 1; n <= 5000; n++) story.refused(process(n), 4, "map", "EAGAIN");
    expect(total(story.snapshot)).toBe(20_000);
  });

  test("error names of a forged recording share one entry past the bound, and none is lost", () => {
    const story = watching();
    for (let n = 1; n <= 1000; n++) story.refused(process(n), 1, "map", `E${n}`);
    expect(story.snapshot.secret.refusals.length).toBeLessThanOrEqual(257);
    expect(total(story.snapshot)).toBe(1000);
  });
});

describe("a SIGBUS by the tracepoint route, which may be about any memory", () => {
  const stranger = process(7);
  const concerns: readonly (readonly [string, (story: Story, who: ProcessId) => void])[] = [
    ["holds", (story, who) => story.look([[who, 5]])],
    ["made a file", (story, who) => story.created(who, 5)],
    ["touched a page", (story, who) => story.allocated(who, 5, 1)],
    ["was turned down otherwise", (story, who) => story.refused(who, 1, "map", "EAGAIN")],
  ];

  test("is nobody's refusal while the process has nothing to do with secret memory", () => {
    const story = watching();
    story.refused(stranger, 3);
    story.tick();
    expect(story.snapshot.secret).toMatchObject({ refusals: [], refusedProcesses: [] });
  });

  test.each(concerns)("counts when the process %s before", (_, concern) => {
    const story = watching();
    concern(story, stranger);
    story.refused(stranger, 3);
    expect(story.snapshot.secret.refusals).toContainEqual({ what: "fault", code: "SIGBUS", count: 3 });
  });

  test.each(concerns)("counts when the process %s after", (_, concern) => {
    const story = watching();
    story.refused(stranger, 3);
    concern(story, stranger);
    expect(story.snapshot.secret.refusals).toContainEqual({ what: "fault", code: "SIGBUS", count: 3 });
    story.refused(stranger, 4);
    expect(story.snapshot.secret.refusals).toContainEqual({ what: "fault", code: "SIGBUS", count: 4 });
  });

  test("by the function route it is secretmem's own answer", () => {
    const story = watching();
    story.plan({ faults: "kprobe" });
    story.refused(stranger, 3);
    expect(total(story.snapshot)).toBe(3);
  });

  test("strangers are kept in bounded number", () => {
    const story = watching();
    for (let n = 1; n <= 5000; n++) story.refused(process(n), 1);
    expect(story.ledger.refusals.uncertain.length).toBeLessThanOrEqual(1024);
  });
});

test("a checkpoint carries all of it: the forgotten, the strangers, and who was concerned once", () => {
  const story = watching();
  const [once, stranger] = [process(50_001), process(50_002)];
  story.kernel();
  story.look([]);
  story.tick();
  story.created(once, 5);
  story.refused(stranger, 2);
  for (let n = 1; n <= 6000; n++) {
    story.named(process(n, n), "short");
    story.refused(process(n, n), 1, "map", n % 2 ? "EAGAIN" : "ENOMEM");
    story.exit(process(n, n));
    if (n % 100 === 0) story.tick();
  }
  // Its file is gone.
  story.look([]);
  story.tick();
  story.tick();
  expect(story.snapshot.secret.files).toEqual([]);
  const memory = new CheckpointMemory();
  for (const event of story.events) memory.take(event);
  const checkpoint = makeCheckpoint(memory);
  expect(checkpoint).toBeDefined();
  const resumed = new Ledger();
  for (const event of checkpoint ?? []) resumed.apply(event);
  expect(resumed.snapshot()).toEqual(story.snapshot);
  const before = story.events.length;
  story.refused(once, 7);
  story.look([[stranger, 6]]);
  story.refused(stranger, 3);
  story.refused(process(5999, 5999), 1, "map", "EAGAIN");
  story.tick();
  for (const event of story.events.slice(before)) resumed.apply(event);
  expect(resumed.snapshot()).toEqual(story.snapshot);
  expect(total(story.snapshot)).toBe(6000 + 7 + 3);
});
