/** Claim: stacks that flamegraph.pl reads, root first, whose counts are the ledger's; a name breaks no line. */
import { expect, test } from "vitest";
import { process, Story } from "../../ledger/story.ts";
import { busyStory, exported, recorded, sample } from "./exported.ts";

/** As flamegraph.pl does: the count is what follows the last space. */
function stacks(text: string): [frames: string[], count: number][] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const [, frames = "", count] = /^(\S+) (\d+)$/.exec(line) ?? [];
      return [frames.split(";"), Number(count)];
    });
}

test("attributed and unattributed counts are those of the ledger", async () => {
  const { story } = busyStory();
  const lines = stacks(exported(await recorded(story), "folded"));
  const sum = (of: typeof lines) => of.reduce((total, [, count]) => total + count, 0);
  const { splits } = story.ledger;
  expect(sum(lines.filter(([[cause]]) => cause !== "unattributed"))).toBe(splits.attributed);
  expect(sum(lines)).toBe((splits.since("2m") ?? 0) + (splits.since("1g") ?? 0));
});

test("cause, process, then the kernel from the outside in; hostile names stay one frame", async () => {
  const { story } = busyStory();
  const lines = stacks(exported(await recorded(story), "folded"));
  expect(lines).toContainEqual([
    ["secretmem", '=cmd|:-1\\n\\x1b[2J_a"b', "secretmem_fault+0x3", "a:b_c\\t+0x2", "split_large_page+0x1"],
    40,
  ]);
  expect(lines).toContainEqual([["module", "holder-4", "load_module+0x1"], 80]);
});

test("processes of one name, and levels of one stack, share a line", async () => {
  const story = Story.watching();
  for (const pid of [5, 6]) {
    story.named(process(pid), "twin");
    story.split(process(pid), 3, { level: "2m", stack: ["f+0x1"] });
    story.split(process(pid), 4, { level: "1g", stack: ["f+0x1"] });
  }
  story.split(process(8), 1);
  story.kernel({ "2m": 7, "1g": 8 });
  sample(story);
  expect(exported(await recorded(story), "folded")).toBe("secretmem;twin;f+0x1 14\nsecretmem;[pid_8] 1\n");
});
