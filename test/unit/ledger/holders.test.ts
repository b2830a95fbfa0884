/** Claim: who holds secret memory is what the last complete look found, less who has ended since. */
import { describe, expect, test } from "vitest";
import { bytes, type MonotonicNs, monotonicNs } from "../../../collector/units.ts";
import { pageBytes, process, Story } from "./story.ts";

const maker = process(7);
const receiver = process(8);

function withFile(): Story {
  const story = Story.watching();
  story.named(maker, "maker");
  story.created(maker, 5);
  story.allocated(maker, 5, 3);
  return story;
}

test("without counters a file is there as long as somebody holds it, not with its last size for ever", () => {
  const story = new Story();
  story.host();
  story.plan({});
  story.look([[receiver, 5]]);
  story.size(5, 3);
  story.tick();
  expect(story.snapshot.secret.files).toMatchObject([{ inode: 5, residentBytes: 3 * pageBytes, holders: [8] }]);
  story.look([]);
  story.tick();
  expect(story.snapshot.secret.files).toEqual([]);
});

describe("a file in flight in a socket", () => {
  test("is unheld, once a look that began after its creation found no holder", () => {
    const story = withFile();
    expect(story.snapshot.secret.unheldBytes).toBeNull();
    story.look([]);
    story.tick();
    expect(story.snapshot.secret).toMatchObject({
      residentBytes: 3 * pageBytes,
      unheldBytes: 3 * pageBytes,
      holders: [],
    });
  });

  test("and is not by a look that began before it was made", () => {
    const story = Story.watching();
    const began = story.ledger.now;
    story.created(maker, 5);
    story.allocated(maker, 5, 3);
    story.tell({ kind: "scan", began, processes: 1, hidden: 0, partial: false });
    story.tick();
    expect(story.snapshot.secret.unheldBytes).toBe(0);
  });

  // Live, known holders are looked at often, all processes seldom: a child may hold it that no look has found yet.
  test.each([
    ["let go", (story: Story, began: MonotonicNs) => story.look([], 0, began)],
    ["ended", (story: Story) => story.exit(maker)],
  ])("and is not when its holder %s, before a look at all that began after", (_, happens) => {
    const story = withFile();
    const began = monotonicNs(story.now);
    story.look([[maker, 5]]);
    story.tick();
    happens(story, began);
    story.tick();
    expect(story.snapshot.secret).toMatchObject({ residentBytes: 3 * pageBytes, unheldBytes: 0, holders: [] });
    story.look([[receiver, 5]]);
    story.look([], 0, monotonicNs(story.now));
    expect(story.snapshot.secret.unheldBytes).toBe(3 * pageBytes);
  });

  test("is held again by who received it", () => {
    const story = withFile();
    story.look([]);
    story.tick();
    story.look([[receiver, 5]]);
    expect(story.snapshot.secret.unheldBytes).toBe(0);
    expect(story.snapshot.secret.files[0]).toMatchObject({ creatorPid: 7, holders: [8] });
  });

  test("leaves when its last page does", () => {
    const story = withFile();
    story.look([]);
    story.freed(5, 3);
    story.tick();
    expect(story.snapshot.secret).toMatchObject({ residentBytes: 0, unheldBytes: 0, files: [] });
  });

  // A file without pages that nobody holds leaves the list; what is counted for its number afterwards is still its own.
  test("is right when it was forgotten empty and is filled afterwards", () => {
    const story = Story.watching();
    story.created(maker, 5);
    story.look([]);
    story.tick();
    expect(story.snapshot.secret.files).toEqual([]);
    story.allocated(receiver, 5, 2);
    story.tick();
    expect(story.residentPages(5)).toBe(2);
  });
});

describe("a holder that exits", () => {
  test("is no holder from then on, and needs no look for it", () => {
    const story = withFile();
    story.look([
      [maker, 5],
      [receiver, 5],
    ]);
    expect(story.snapshot.secret.files[0]?.holders).toEqual([7, 8]);
    story.exit(maker);
    expect(story.snapshot.secret.files[0]?.holders).toEqual([8]);
    expect(story.snapshot.secret.holders.map(({ pid }) => pid)).toEqual([8]);
  });

  test("leaves its pid to another process, which holds nothing", () => {
    const story = withFile();
    story.look([[maker, 5]]);
    story.exit(maker);
    const heir = process(7, 900);
    story.named(heir, "heir");
    expect(story.snapshot.secret.holders).toEqual([]);
    story.look([[heir, 5]]);
    expect(story.snapshot.secret.holders).toMatchObject([{ pid: 7, startTicks: 900, comm: "heir", allocatedBytes: 0 }]);
  });

  test("and one whose exit was not told is no holder after the next look", () => {
    const story = withFile();
    story.look([[maker, 5]]);
    story.look([]);
    expect(story.snapshot.secret.holders).toEqual([]);
  });
});

describe("a holder's figures", () => {
  test("are sums over its files, unknown as soon as one is", () => {
    const story = withFile();
    const began = story.ledger.now;
    const one = { residentBytes: bytes(10), proportionalBytes: bytes(5), mappedBytes: bytes(100), descriptors: 0 };
    story.holding(maker, 5, { ...one, memlockLimitBytes: "unlimited" });
    story.holding(maker, 6, { ...one, residentBytes: null, mappings: 2 });
    story.tell({ kind: "scan", began, processes: 1, hidden: 0, partial: false });
    expect(story.snapshot.secret.holders).toMatchObject([
      {
        residentBytes: null,
        proportionalBytes: 10,
        mappedBytes: 200,
        descriptors: 0,
        mappings: 3,
        memlockLimitBytes: "unlimited",
        allocatedBytes: 3 * pageBytes,
      },
    ]);
  });

  test("count what was refused, over all lives of the probes", () => {
    const story = withFile();
    story.refused(maker, 2, "map", "EAGAIN");
    story.refused(maker, 1);
    story.restart();
    story.refused(maker, 1, "map", "EAGAIN");
    story.look([[maker, 5]]);
    expect(story.snapshot.secret.holders[0]?.refused).toBe(4);
  });
});

describe("hibernation", () => {
  test("is blocked by holders, and by a file that nobody holds", () => {
    const story = withFile();
    story.look([[maker, 5]]);
    expect(story.snapshot.hibernation).toEqual({ blocked: true, by: [7] });
    story.look([]);
    story.tick();
    expect(story.snapshot.hibernation).toEqual({ blocked: true, by: [] });
  });

  test("is free only when every process could be looked into; else nobody can tell", () => {
    const story = Story.watching();
    expect(story.snapshot.hibernation.blocked).toBeNull();
    story.look([], 3);
    expect(story.snapshot.hibernation.blocked).toBeNull();
    const began = story.ledger.now;
    story.tell({ kind: "scan", began, processes: 1, hidden: 0, partial: true });
    expect(story.snapshot.hibernation.blocked).toBeNull();
    story.look([]);
    expect(story.snapshot.hibernation.blocked).toBe(false);
  });
});
