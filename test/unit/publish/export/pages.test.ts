/** Claim: a row for each single page, with its whole time, and nothing in a name that a spreadsheet would carry out. */
import { expect, test } from "vitest";
import type { PageEvent } from "../../../../collector/events.ts";
import { readAll } from "../../trace/recorded.ts";
import { exported, pagesStory, recorded } from "./exported.ts";

const line = /^([^,]*),(\d+),(taken|given back),(\d+),(\d+),("(?:[^"]|"")*"|[^,"]*),(\d+),(\d+)$/;

test("each page once: time to the nanosecond, process, file, block", async () => {
  const { story, pages } = pagesStory();
  const [head, ...rows] = exported(await recorded(story), "pages")
    .trimEnd()
    .split("\n");
  expect(head).toBe("time,monotonic_ns,change,pid,start_ticks,comm,inode,block_2m");
  const told = rows.map((row) => line.exec(row)?.slice(1) ?? [row]);
  const wanted = ({ at, taken, pid, started, inode, block }: PageEvent) =>
    [at, taken ? "taken" : "given back", pid, started, inode, block].map(String);
  const said = told.map(([, at, change, pid, started, , inode, block]) => [at, change, pid, started, inode, block]);
  expect(said.toSorted()).toEqual(pages.map(wanted).toSorted());
  const clock = story.ledger.clock;
  const wall = (at: bigint) =>
    new Date(Number(clock?.wall) + Number((at - (clock?.at ?? 0n)) / 1_000_000n)).toISOString();
  for (const [time, at] of told) expect(time).toBe(wall(BigInt(at ?? 0)));
  const names = new Set(told.map(([, , , pid, , comm]) => `${pid} ${comm}`));
  expect([...names].toSorted()).toEqual(['7 "\'=cmd|;\'-1\\n\\x1b[2J a""b"', "8 worker"]);
});

test("as JSON lines they are events like any other", async () => {
  const { story, pages } = pagesStory();
  const path = await recorded(story);
  const lines = exported(path, "jsonl").trimEnd().split("\n");
  const told = lines.map((text) => JSON.parse(text)).filter(({ kind }) => kind === "page");
  const order = (a: { at: string }, b: { at: string }) => Number(BigInt(a.at) - BigInt(b.at));
  expect(told.toSorted(order)).toEqual(pages.map((page) => ({ ...page, at: String(page.at) })));
  expect(readAll(path).filter(({ kind }) => kind === "page")).toHaveLength(pages.length);
});
