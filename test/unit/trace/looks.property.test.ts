/** Claim: looks that are recorded and replayed as their changes leave the holders that every look by itself had left. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { TraceReplay } from "../../../collector/sources/trace-file/replay.ts";
import { playback } from "../../../collector/trace/playback.ts";
import { TraceFile } from "../../../collector/trace/traceFile.ts";
import { bytes, monotonicNs } from "../../../collector/units.ts";
import { process, Story } from "../ledger/story.ts";
import { record, snapshots } from "./recorded.ts";

/** Pid, file, pages; a look holds each pair once, in the order of /proc: all of one process together. */
const holding = fc.tuple(
  fc.integer({ min: 1, max: 4 }),
  fc.integer({ min: 1, max: 3 }),
  fc.integer({ max: 2, min: 0 }),
);
const look = fc
  .uniqueArray(holding, { maxLength: 9, selector: ([pid, file]) => `${pid} ${file}` })
  .map((held) => held.sort(([a, fileA], [b, fileB]) => a - b || fileA - fileB));
const turn = fc.record({
  look,
  again: fc.integer({ min: 1, max: 3 }),
  exit: fc.option(fc.integer({ min: 1, max: 4 })),
});

function told(turns: readonly { look: [number, number, number][]; again: number; exit: number | null }[]): Story {
  const story = Story.watching();
  for (const { look: held, again, exit } of turns) {
    for (let times = 0; times < again; times++) {
      for (const [pid, file, pages] of held) story.holding(process(pid), file, { residentBytes: bytes(pages * 4096) });
      story.tell({ kind: "scan", began: monotonicNs(story.now - 1000n), processes: 9, hidden: 0, partial: false });
      if (exit !== null && times === again - 1) story.exit(process(exit));
      story.tick();
      story.tell({ kind: "self", cpuSeconds: 0.1, rssBytes: bytes(1e6), probeNsPerEvent: null });
    }
  }
  return story;
}

test("at every sample, in the ledger and as single events", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 6 }), async (turns) => {
      const { events } = told(turns);
      const file = new TraceFile(await record(events));
      try {
        // As single events: the same list, in the same order, all of it.
        const single = [...playback(file)].flatMap((part) => part.events);
        const timeless = (list: readonly object[]) => list.map((event) => ({ ...event, at: null }));
        expect(timeless(single)).toEqual(timeless(events));
        // Told while a ledger takes changes: the holders of each look.
        const replay = new TraceReplay(file);
        const heard: object[] = [];
        const shown = [];
        while (replay.step((event) => heard.push(event))) shown.push(replay.snapshot());
        expect(timeless(heard)).toEqual(timeless(events));
        const live = snapshots(events);
        expect(shown.map(({ secret, hibernation }) => ({ secret, hibernation }))).toEqual(
          live.map(({ secret, hibernation }) => ({ secret, hibernation })),
        );
      } finally {
        file.close();
      }
    }),
    { numRuns: 150 },
  );
});
