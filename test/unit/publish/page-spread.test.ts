/** Claim: the report says over how many 2M blocks pages were spread, who took them, and what the counters say was lost. */
import { expect, test } from "vitest";
import type { PageBurst } from "../../../collector/events.ts";
import { PageSpread } from "../../../collector/publish/report/pageSpread.ts";
import { inode, monotonicNs } from "../../../collector/units.ts";
import { pageSpreadLines } from "../../../tui/sections/page-spread.ts";
import { plain } from "../../../tui/text/paint.ts";
import { unsafeCharacters } from "../../../tui/text/safe.ts";
import { hostileName } from "../commands/snapshots.ts";
import { process, Story } from "../ledger/story.ts";

const burst = (by: ReturnType<typeof process>, file: number, blocks: readonly number[], taken = true): PageBurst => ({
  kind: "pageBurst",
  at: monotonicNs(1n),
  ...by,
  inode: inode(file),
  taken,
  steps: new Uint32Array(blocks.length),
  blocks: Uint32Array.from(blocks),
});

function spread(counted: number, freed: number) {
  const story = Story.watching();
  story.plan({ pages: "tracepoint", blocks: "tracepoint" });
  story.named(process(7), hostileName);
  story.named(process(8), "worker");
  const pages = new PageSpread();
  pages.add(burst(process(7), 1, [5, 5, 5, 6]), story.ledger);
  pages.add(burst(process(8), 2, [6, 9]), story.ledger);
  pages.add(burst(process(8), 2, [6], false), story.ledger);
  story.allocated(process(7), 1, 3);
  story.allocated(process(7), 1, counted - 2);
  story.allocated(process(8), 2, 2);
  story.freed(2, freed);
  for (const event of story.events) pages.told(event);
  return { pages, story };
}

test("blocks, the middle and the most of them, processes and files by pages taken", () => {
  const { pages, story } = spread(6, 1);
  expect(pages.report(story.ledger)).toEqual({
    taken: 6,
    takenBytes: 6 * 4096,
    freed: 1,
    countedTaken: 6,
    countedFreed: 1,
    blocks: 3,
    full: false,
    medianPerBlock: 2,
    mostPerBlock: 3,
    processes: [
      { pid: 7, comm: hostileName, pages: 4 },
      { pid: 8, comm: "worker", pages: 2 },
    ],
    files: [
      { inode: 1, pages: 4 },
      { inode: 2, pages: 2 },
    ],
  });
});

const text = ({ pages, story }: ReturnType<typeof spread>) =>
  pageSpreadLines(pages.report(story.ledger), { columns: 200, paint: plain }).join("\n");

test("as text: figures, names made harmless, and nothing of a loss that was none", () => {
  const said = text(spread(6, 1));
  expect(said).toContain("6 taken (24 KiB), 1 given back");
  expect(said).toContain("From 3 2M blocks, 6 MiB of the direct map: 2 pages of a block in the middle, 3 at most.");
  expect(said).toContain("worker [8] 2.");
  expect(said.replaceAll("\n", "").match(unsafeCharacters)).toBeNull();
  expect(said).not.toContain("too fast");
});

test("what the counters saw and no line told is said", () => {
  expect(text(spread(10, 4))).toContain(
    "The counters say 10 taken and 4 given back: 7 pages came too fast to be told.",
  );
});

test("a file that continues another knows no beginning of its counters", () => {
  const { story } = spread(6, 1);
  const pages = new PageSpread();
  pages.continued();
  for (const event of story.events) pages.told(event);
  expect(pages.report(story.ledger)).toMatchObject({ taken: 0, countedTaken: null, countedFreed: null });
});

test("nobody asked for pages: nothing is said", () => {
  const story = Story.watching();
  expect(new PageSpread().report(story.ledger)).toBeNull();
  expect(pageSpreadLines(null, { columns: 80, paint: plain })).toEqual([]);
});
