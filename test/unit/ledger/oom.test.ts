/** Claim: an OOM kill shows the secret memory there was when the victim was chosen, and what its end gave back. */
import { describe, expect, test } from "vitest";
import { pid } from "../../../collector/units.ts";
import { pageBytes, process, Story } from "./story.ts";

const victim = process(7);
const other = process(9);

/** The victim alone holds ten pages; five more it shares with another process. */
function beforeTheKill(): Story {
  const story = Story.watching();
  story.created(victim, 5);
  story.allocated(victim, 5, 10);
  story.created(victim, 6);
  story.allocated(victim, 6, 5);
  story.look([
    [victim, 5],
    [victim, 6],
    [other, 6],
  ]);
  story.tick();
  return story;
}

const latest = (story: Story) => story.snapshot.oom.recent.at(-1);
const pagesOf = (story: Story) => {
  const kill = latest(story);
  const inPages = (figure: number | null | undefined) => (figure == null ? figure : figure / pageBytes);
  return { before: inPages(kill?.secretResidentBytes), freed: inPages(kill?.secretFreedBytes) };
};

describe("secret memory and a kill", () => {
  test("is not known before the reading that follows", () => {
    const story = beforeTheKill();
    story.oomKill(1);
    expect(pagesOf(story)).toEqual({ before: null, freed: null });
  });

  test("what the victim alone held is freed by its end", () => {
    const story = beforeTheKill();
    story.oomKill(1);
    story.exit(victim);
    story.freed(5, 10, 1);
    story.tick();
    expect(pagesOf(story)).toEqual({ before: 15, freed: 10 });
  });

  test("a victim that frees none is a futile kill: 0, not unknown", () => {
    const story = beforeTheKill();
    story.oomKill(1, { victim: { pid: pid(50), comm: "bystander", uid: 1, cgroup: "/x" } });
    story.tick();
    expect(pagesOf(story)).toEqual({ before: 15, freed: 0 });
  });

  test("when the victim takes its time, the figures are right at the end: before stays, freed grows", () => {
    const story = beforeTheKill();
    story.oomKill(1);
    story.tick();
    expect(pagesOf(story)).toEqual({ before: 15, freed: 0 });
    story.freed(5, 10, 1);
    story.tick();
    expect(pagesOf(story)).toEqual({ before: 15, freed: 10 });
  });

  test("a freed file is forgotten, what the kill freed is not", () => {
    const story = beforeTheKill();
    story.oomKill(1);
    story.exit(victim);
    story.freed(5, 10, 1);
    for (let reading = 0; reading < 3; reading++) {
      story.look([[other, 6]]);
      story.tick();
    }
    expect(story.residentPages(5)).toBeUndefined();
    expect(pagesOf(story)).toEqual({ before: 15, freed: 10 });
  });

  // The first file is out of the list when the second one goes.
  test("two files that go at different readings are both counted", () => {
    const story = beforeTheKill();
    story.oomKill(1);
    story.freed(5, 10, 1);
    story.look([[victim, 6]]);
    story.tick();
    story.look([]);
    story.freed(6, 5, 1);
    story.tick();
    expect(pagesOf(story)).toEqual({ before: 15, freed: 15 });
  });

  test("is unknown while a file is", () => {
    const story = beforeTheKill();
    story.look([[other, 77]]);
    story.oomKill(1);
    story.tick();
    expect(pagesOf(story)).toEqual({ before: null, freed: 0 });
  });

  test("two kills are told apart by what each freed", () => {
    const story = beforeTheKill();
    story.oomKill(1);
    story.oomKill(2);
    story.freed(5, 10, 1);
    story.freed(6, 5, 2);
    story.tick();
    expect(story.snapshot.oom.recent.map(({ secretFreedBytes }) => Number(secretFreedBytes) / pageBytes)).toEqual([
      10, 5,
    ]);
  });
});

describe("the kill itself", () => {
  test("told again, with more of it, is one kill with its figures kept", () => {
    const story = beforeTheKill();
    story.oomKill(1, { victim: { pid: victim.pid, comm: "", uid: null, cgroup: null } });
    story.freed(5, 10, 1);
    story.tick();
    story.oomKill(1, {
      victim: { pid: victim.pid, comm: "hog", uid: 1000, cgroup: "/box" },
      trigger: { pid: pid(8), comm: "asker", uid: 0, cgroup: "/box/in" },
      constraint: "memcg",
      cgroup: "/box",
    });
    expect(story.snapshot.oom.recent).toHaveLength(1);
    expect(latest(story)).toMatchObject({
      victim: { pid: 7, comm: "hog", uid: 1000, cgroup: "/box" },
      trigger: { pid: 8, comm: "asker" },
      constraint: "memcg",
      cgroup: "/box",
    });
    expect(pagesOf(story)).toEqual({ before: 15, freed: 10 });
  });

  test("numbers begin again with the probes: the same number is another kill", () => {
    const story = beforeTheKill();
    story.oomKill(1);
    story.freed(5, 10, 1);
    story.tick();
    story.restart();
    story.oomKill(1);
    expect(story.snapshot.oom.recent).toHaveLength(2);
    expect(story.snapshot.oom.recent.map(({ secretFreedBytes }) => secretFreedBytes)).toEqual([10 * pageBytes, null]);
  });

  test("how many there were is the kernel's own count, unknown where it has none", () => {
    const story = Story.watching();
    expect(story.snapshot.oom.kills).toBeNull();
    story.kernel({}, { oomKills: 3 });
    expect(story.snapshot.oom.kills).toBe(3);
  });
});
