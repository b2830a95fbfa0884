/** Claim: a recording that begins in the middle says what was seen live from then on, and ends whenever it is told to. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Event } from "../../../collector/events.ts";
import { Ledger } from "../../../collector/ledger/ledger.ts";
import { Listeners } from "../../../collector/listeners.ts";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { Recordings } from "../../../collector/trace/recordings.ts";
import { histories, live, runs } from "../ledger/histories.ts";
import { Story, process as someone } from "../ledger/story.ts";
import { readAll, scratch, snapshots } from "./recorded.ts";

/** What is heard of a collector: its events, and a snapshot after each reading. */
class Heard {
  readonly #events = new Listeners<Event>();
  readonly #snapshots = new Listeners<Snapshot>();
  readonly ledger = new Ledger();

  onEvent(listener: (event: Event) => void) {
    return this.#events.add(listener);
  }

  onSnapshot(listener: (snapshot: Snapshot) => void) {
    return this.#snapshots.add(listener);
  }

  tell(event: Event): void {
    this.ledger.apply(event);
    this.#events.tell(event);
    if (event.kind === "tick") this.#snapshots.tell(this.ledger.snapshot());
  }
}

/** Anything between a first reading after a first look, and the end. */
const beginnings = (events: readonly Event[]) => {
  const look = events.findIndex(({ kind }) => kind === "scan");
  return events.findIndex(({ kind }, index) => look >= 0 && index > look && kind === "tick") + 1;
};

test("from any moment of any history, field for field", async () => {
  const path = join(scratch(), "late.arrows");
  let recorded = 0;
  await fc.assert(
    fc.asyncProperty(histories, fc.boolean(), fc.nat(), async (steps, reusesInodes, where) => {
      const { events } = live(steps, { reusesInodes }).story;
      const first = beginnings(events);
      if (first === 0) return;
      const heard = new Heard();
      const recordings = new Recordings(heard);
      const from = first + (where % (events.length - first + 1));
      for (const event of events.slice(0, from)) heard.tell(event);
      const started = recordings.start({ path, overwrite: true, tool: "test" }).catch(() => undefined);
      // In a rare moment it waits for a snapshot: there are some more, later.
      let next = from;
      let recorder = await Promise.race([started, turn()]);
      while (recorder === undefined && next < events.length) {
        heard.tell(events[next++] as Event);
        recorder = await Promise.race([started, turn()]);
      }
      if (recorder === undefined) {
        await recordings.close();
        expect(existsSync(path)).toBe(false);
        return;
      }
      recorded++;
      const before = new Ledger();
      for (const event of events.slice(0, next)) before.apply(event);
      for (const event of events.slice(next)) heard.tell(event);
      await recordings.close();
      const whole = readAll(path);
      // Up to where it began there is the state only; from there on every reading is as it was live.
      const lived = snapshots(events.slice(next), before);
      const replayed = snapshots(whole);
      expect(lived.length === 0 ? [] : replayed.slice(-lived.length)).toEqual(lived);
      const ledger = new Ledger();
      for (const event of whole) ledger.apply(event);
      expect(ledger.snapshot()).toEqual(heard.ledger.snapshot());
    }),
    runs,
  );
  expect(recorded).toBeGreaterThan(runs.numRuns / 4);
}, 120_000);

/** Long enough for a file to be made. */
const turn = () => new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 0));

function watched(): { heard: Heard; recordings: Recordings; story: Story; tellNew: () => void } {
  const heard = new Heard();
  const recordings = new Recordings(heard);
  const story = Story.watching();
  let told = 0;
  const tellNew = () => {
    for (const event of story.events.slice(told)) heard.tell(event);
    told = story.events.length;
  };
  story.created(someone(7), 5);
  story.allocated(someone(7), 5, 3);
  story.look([[someone(7), 5]]);
  story.tick();
  tellNew();
  return { heard, recordings, story, tellNew };
}

test("one after the other, each is whole; two at once there are not", async () => {
  const { recordings, story, tellNew } = watched();
  const paths = ["a", "b"].map((name) => join(scratch(), `${name}.arrows`));
  for (const [index, path] of paths.entries()) {
    await recordings.start({ path, tool: "test" });
    await expect(recordings.start({ path: `${path}-other`, tool: "test" })).rejects.toThrow("runs already");
    expect(existsSync(`${path}-other`)).toBe(false);
    story.allocated(someone(7), 5, 10 * (index + 1));
    story.tick();
    tellNew();
    expect((await recordings.stop())?.failure).toBeUndefined();
    // Between them nobody writes, and nothing is forgotten.
    story.allocated(someone(8), 5, index + 1);
    story.tick();
    tellNew();
  }
  const residents = paths.map((path) => snapshots(readAll(path)).at(-1)?.secret.residentBytes);
  expect(residents).toEqual([10 * 4096, 21 * 4096]);
  expect(recordings.running).toBeUndefined();
});

test("a file that cannot be made: said, and the next one can", async () => {
  const { recordings } = watched();
  await expect(recordings.start({ path: "/proc/nowhere/x.arrows", tool: "test" })).rejects.toThrow("/proc/nowhere");
  const path = join(scratch(), "x.arrows");
  await recordings.start({ path, tool: "test" });
  await recordings.close();
  expect(snapshots(readAll(path)).at(-1)?.secret.residentBytes).toBe(3 * 4096);
});

test("not in the middle of a look: half of it would be missing", async () => {
  const { recordings, story, tellNew } = watched();
  const path = join(scratch(), "x.arrows");
  story.holding(someone(8), 5);
  tellNew();
  const starting = recordings.start({ path, tool: "test" });
  await turn();
  expect(recordings.running).toBeUndefined();
  story.holding(someone(7), 5);
  story.tell({ kind: "scan", began: story.ledger.now, processes: 2, hidden: 0, partial: false });
  story.tick();
  tellNew();
  await starting;
  story.look([[someone(7), 5]]);
  story.tick();
  tellNew();
  await recordings.close();
  expect(snapshots(readAll(path)).at(-1)).toEqual(story.snapshot);
});
