/**
 * Claim: single pages come out of a recording as they went in, to the nanosecond, whoever took them and in whatever order
 * they were told; and whatever else is recorded replays as if they were not there.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Event, PageEvent } from "../../../collector/events.ts";
import { CheckpointMemory } from "../../../collector/trace/checkpoint/memory.ts";
import { mostRows } from "../../../collector/trace/limits.ts";
import { TraceFile } from "../../../collector/trace/traceFile.ts";
import { block, inode, monotonicNs, pid, startTicks } from "../../../collector/units.ts";
import { histories, live } from "../ledger/histories.ts";
import { pagesStory } from "../publish/export/exported.ts";
import { readAll, readSeen, record, scratch, snapshots } from "./recorded.ts";

const isPage = (event: Event): event is PageEvent => event.kind === "page";

/** Mostly close to each other, sometimes at once, hours apart or long before. */
const steps = fc.oneof(
  { weight: 6, arbitrary: fc.bigInt(100n, 20_000n) },
  { weight: 2, arbitrary: fc.bigInt(-30_000n, 0n) },
  { weight: 1, arbitrary: fc.constantFrom(65_535n, 65_536n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 45n) },
);
const singles = fc
  .array(
    fc.record({
      step: steps,
      pid: fc.constantFrom(7, 8, 4_194_304),
      started: fc.constantFrom(0, 1, 2 ** 53 - 1),
      inode: fc.constantFrom(1, 2, 2 ** 32 - 1),
      block: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant(2 ** 32 - 1)),
      taken: fc.boolean(),
    }),
    { maxLength: 300 },
  )
  .map((all) => {
    let at = 2n ** 60n;
    return all.map((each): PageEvent => {
      at += each.step;
      return {
        kind: "page",
        at: monotonicNs(at),
        pid: pid(each.pid),
        started: startTicks(each.started),
        inode: inode(each.inode),
        block: block(each.block),
        taken: each.taken,
      };
    });
  });

const who = { pid: pid(7), started: startTicks(1) };
const burst = { kind: "pageBurst", ...who, inode: inode(1), taken: true };

const asText = ({ at, pid, started, inode, block, taken }: PageEvent) =>
  `${at} ${pid}:${started} ${inode} ${block} ${taken}`;

test("each page once, as it was told", async () => {
  await fc.assert(
    fc.asyncProperty(singles, async (told) => {
      const read = readAll(await record(told)).filter(isPage);
      expect(read.map(asText).toSorted()).toEqual(told.map(asText).toSorted());
    }),
    { numRuns: Number(process.env.FC_RUNS ?? 100) },
  );
}, 60_000);

test("beside a history: every snapshot is the one without them", async () => {
  await fc.assert(
    fc.asyncProperty(histories, singles, fc.nat(), async (made, told, seed) => {
      const { events } = live(made).story;
      const mixed: Event[] = [...events];
      for (const [n, page] of told.entries()) mixed.splice((seed + 7919 * n) % (mixed.length + 1), 0, page);
      const path = await record(mixed);
      expect(snapshots(readSeen(path))).toEqual(snapshots(events));
      expect(snapshots(mixed)).toEqual(snapshots(events));
      expect(readAll(path).filter(isPage).map(asText).toSorted()).toEqual(told.map(asText).toSorted());
    }),
    { numRuns: Number(process.env.FC_RUNS ?? 30) },
  );
}, 120_000);

test("of one process and file they are told in the order of their times", async () => {
  const [first] = fc.sample(singles, { numRuns: 1, seed: 3 });
  const one = (first ?? []).map((page) => ({
    ...page,
    pid: pid(7),
    started: startTicks(1),
    inode: inode(1),
    taken: true,
  }));
  const read = readAll(await record(one)).filter(isPage);
  expect(read.map(({ at }) => at)).toEqual(one.map(({ at }) => at).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
});

test("a pause that no step can hold begins another burst", async () => {
  let at = 5n;
  const told = [0, 2 ** 32 - 1, 2 ** 32, 65_536, 2 ** 33].map((pause): PageEvent => {
    at += BigInt(pause);
    return { kind: "page", at: monotonicNs(at), ...who, inode: inode(1), block: block(3), taken: true };
  });
  const path = await record(told);
  expect(readSeen(path)).toEqual([
    { ...burst, at: 5n, steps: Uint32Array.of(0, 2 ** 32 - 1), blocks: Uint32Array.of(3, 3) },
    { ...burst, at: told[2]?.at, steps: Uint32Array.of(0, 65_536), blocks: Uint32Array.of(3, 3) },
    { ...burst, at: told[4]?.at, steps: Uint32Array.of(0), blocks: Uint32Array.of(3) },
  ]);
});

test("files of a rotated recording have them all, each page in one", async () => {
  const { story, pages: told } = pagesStory();
  const directory = scratch();
  const later = told.map((page) => ({ ...page, at: monotonicNs(page.at + 10n ** 9n) }));
  await record([...story.events, ...later], { path: join(directory, "t.arrows"), maxBytes: 1 });
  const files = readdirSync(directory).toSorted();
  expect(files.length).toBeGreaterThan(1);
  const read = files.map((file) => readAll(join(directory, file)).filter(isPage).map(asText).toSorted());
  expect(read).toEqual([told, later].map((pages) => pages.map(asText).toSorted()));
});

test("what a recording may begin with later does not grow with pages", () => {
  const memory = new CheckpointMemory();
  memory.take({ kind: "page", at: monotonicNs(1n), ...who, inode: inode(1), block: block(3), taken: true });
  expect(memory.tail).toEqual([]);
});

test("more than a batch holds go into the next one", async () => {
  const count = mostRows + 10;
  const told = Array.from(
    { length: count },
    (_, n): PageEvent => ({
      kind: "page",
      at: monotonicNs(BigInt(1_000_000 + 7 * n)),
      pid: pid(7 + (n % 3)),
      started: startTicks(1),
      inode: inode(1),
      block: block(n),
      taken: n % 2 === 0,
    }),
  );
  const path = await record(told);
  const file = new TraceFile(path);
  file.close();
  expect(file.batches.map(({ rows }) => rows)).toEqual([mostRows, 10]);
  expect(file.batches.map(({ from, to }) => [from, to])).toEqual([
    [told[0]?.at, told[mostRows - 1]?.at],
    [told[mostRows]?.at, told.at(-1)?.at],
  ]);
  expect(readAll(path).filter(isPage).map(asText).toSorted()).toEqual(told.map(asText).toSorted());
});
