/** Claim: JSON lines hold every event of the trace, with every field of it, times to the last nanosecond. */
import { expect, test } from "vitest";
import { oneOfEach } from "../../trace/everyKind.ts";
import { readAll, record } from "../../trace/recorded.ts";
import { busyStory, damaged, exported, hostile, recorded } from "./exported.ts";

const parsed = (text: string): Record<string, unknown>[] => {
  expect(text.endsWith("\n")).toBe(true);
  return text
    .slice(0, -1)
    .split("\n")
    .map((line) => JSON.parse(line));
};
const asJson = (event: object) =>
  Object.fromEntries(
    Object.entries(event).map(([key, value]) => [key, typeof value === "bigint" ? `${value}` : value]),
  );

test("all events in their order", async () => {
  const path = await recorded(busyStory().story);
  expect(parsed(exported(path, "jsonl"))).toEqual(readAll(path).map(asJson));
  expect(exported(path, "jsonl")).toContain(JSON.stringify(hostile).slice(1, -1));
});

test("each kind with a time that no double can hold", async () => {
  const { released: _, page: __, ...events } = oneOfEach;
  const lines = parsed(exported(await record(Object.values(events)), "jsonl"));
  expect(lines.length).toBeGreaterThan(15);
  for (const line of lines) expect(line.at).toBe("123456789012345678");
});

test("what a damaged batch held is a gap", () => {
  const path = damaged(busyStory().story.events);
  const gap = parsed(exported(path, "jsonl")).find(({ kind }) => kind === "gap");
  expect(gap?.reason).toContain("damaged");
});

test("nothing that acts on a terminal is raw", async () => {
  expect(exported(await recorded(busyStory().story), "jsonl")).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
});
