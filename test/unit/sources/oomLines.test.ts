/** Claim: the lines of one OOM kill, in the order they come, make one event that is told again as more of it is known. */
import { expect, test } from "vitest";
import type { OomKillEvent } from "../../../collector/events.ts";
import { RunStory } from "./runStory.ts";

const cgroupStack = "\n  oom_kill_process+1\n  mem_cgroup_out_of_memory+5\n";
const globalStack = "\n  oom_kill_process+1\n  out_of_memory+5\n";

const last = (story: RunStory) =>
  story.events.filter((event): event is OomKillEvent => event.kind === "oomKill").at(-1);

function kill(story: RunStory, { victimUid = 1000, victimComm = "hog", stack = cgroupStack } = {}): void {
  story.line("oom", 100, 1, 7, 8, 1_000_000_000, 0, victimUid, "asker");
  story.line("oomVictim", 1, victimComm);
  story.line("oomStack", 1, stack);
}

test("victim, trigger and that a cgroup's limit was hit", () => {
  const story = new RunStory();
  kill(story);
  expect(last(story)).toEqual({
    kind: "oomKill",
    at: 100n,
    epoch: 1,
    kill: 1,
    victim: { pid: 7, comm: "hog", uid: 1000, cgroup: null },
    trigger: { pid: 8, comm: "asker", uid: 0, cgroup: null },
    constraint: "memcg",
    cgroup: null,
  });
  expect(story.changes).toBeGreaterThan(0);
});

test("a stack without a cgroup's OOM is a global one; no stack at all says nothing", () => {
  const story = new RunStory();
  kill(story, { stack: globalStack });
  expect(last(story)).toMatchObject({ constraint: "none", cgroup: null });
  const unknown = new RunStory();
  kill(unknown, { stack: "" });
  expect(last(unknown)).toMatchObject({ constraint: null });
});

test("the limit that was hit is the one with the least room left", () => {
  const story = new RunStory();
  kill(story);
  story.line("oomCgroup", 1, 0, 76, 100, 9_007_199_254_740_991n);
  story.line("oomCgroup", 1, 1, 77, 1000, 1000);
  story.line("oomCgroup", 1, 2, 75, 5000, 10_000);
  expect(last(story)).toMatchObject({ cgroup: "/box" });
});

test("the function route says the constraint before the victim, in the trigger's context", () => {
  const story = new RunStory();
  story.line("oomConstraint", 99, 8, 1);
  story.line("oomConstraint", 99, 9, 2);
  kill(story, { stack: cgroupStack });
  expect(last(story)).toMatchObject({ constraint: "cpuset" });
});

test.each([-1, 4_294_967_295])(
  "up to 6.8 the victim has no name and uid %s at first: its own end tells them",
  (uid) => {
    const story = new RunStory();
    kill(story, { victimUid: uid, victimComm: "" });
    expect(last(story)?.victim).toEqual({ pid: 7, comm: "", uid: null, cgroup: null });
    story.line("victim", 200, 1, 7, 1000, 77, "h\u001b[31mog");
    expect(last(story)?.victim).toEqual({ pid: 7, comm: "h\u001b[31mog", uid: 1000, cgroup: "/box" });
    expect(new Set(story.events.map((event) => event.kind === "oomKill" && event.kill))).toEqual(new Set([1]));
  },
);

test("lines of two kills that mix are kept apart by number", () => {
  const story = new RunStory();
  story.line("oom", 100, 1, 7, 8, 1, 0, 0, "first");
  story.line("oom", 101, 2, 17, 18, 1, 0, 0, "second");
  story.line("oomVictim", 1, "one");
  story.line("oomVictim", 2, "two");
  expect(last(story)).toMatchObject({ kill: 2, victim: { pid: 17, comm: "two" }, trigger: { comm: "second" } });
});

test("a line of a kill whose first line was lost makes no event of its own", () => {
  const story = new RunStory();
  story.line("oomVictim", 1, "one");
  story.line("victim", 200, 1, 7, 1000, 77, "one");
  expect(story.said("oomKill")).toEqual([]);
});
