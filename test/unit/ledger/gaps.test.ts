/** Claim: what was not seen is said; what was known before is shown as that, until it was measured again. */
import { describe, expect, test } from "vitest";
import { bytes } from "../../../collector/units.ts";
import { pageBytes, process, Story } from "./story.ts";

const holder = process(7);

/** A file with ten pages, known before the probes die and are attached again. */
function afterRestart(): Story {
  const story = Story.watching();
  story.created(holder, 5);
  story.allocated(holder, 5, 10);
  story.tick();
  story.restart();
  return story;
}

const unverified = "1 file not measured again since the gap: shown as before it";

describe("after the probes died and were attached again", () => {
  test("a file is shown as last known, unverified", () => {
    const story = afterRestart();
    story.look([[holder, 5]]);
    story.tick();
    expect(story.residentPages(5)).toBe(10);
    const { evidence } = story.snapshot;
    expect(evidence.complete).toBe(false);
    expect(evidence.why).toContain(unverified);
    expect(evidence.restarts).toBe(1);
    expect(evidence.gaps).toHaveLength(1);
    expect(evidence.gaps[0]?.from && evidence.gaps[0].from < evidence.gaps[0].to).toBe(true);
  });

  test("new counters add to it, and a measure puts it right", () => {
    const story = afterRestart();
    story.look([[holder, 5]]);
    story.allocated(holder, 5, 2);
    story.tick();
    expect(story.residentPages(5)).toBe(12);
    story.size(5, 9);
    story.tick();
    expect(story.residentPages(5)).toBe(9);
    expect(story.snapshot.evidence.why.join()).not.toContain("since the gap");
  });

  test("who allocated before the gap is not forgotten", () => {
    const story = afterRestart();
    story.allocated(holder, 5, 2);
    story.look([[holder, 5]]);
    story.size(5, 12);
    story.tick();
    expect(story.snapshot.secret.holders[0]?.allocatedBytes).toBe(12 * pageBytes);
  });

  test("samples of the epoch before say nothing any more", () => {
    const story = afterRestart();
    story.look([[holder, 5]]);
    story.size(5, 10);
    story.tick();
    story.tell({ ...sampleOf(story), epoch: 1 });
    story.tick();
    expect(story.residentPages(5)).toBe(10);
  });

  test("a file that nobody holds is gone when the kernel has fewer unevictable pages than it would need", () => {
    const story = afterRestart();
    story.look([]);
    story.kernel({}, { unevictableBytes: bytes(9 * pageBytes) });
    story.tick();
    expect(story.snapshot.secret.files).toEqual([]);
    expect(story.snapshot.secret.residentBytes).toBe(0);
  });

  test("and stays, unverified, when there are as many", () => {
    const story = afterRestart();
    story.look([]);
    story.kernel({}, { unevictableBytes: bytes(10 * pageBytes) });
    story.tick();
    expect(story.residentPages(5)).toBe(10);
    // It may be gone all the same, so that nobody can say how much is held by nobody.
    expect(story.snapshot.secret.unheldBytes).toBeNull();
    expect(story.snapshot.evidence.why).toContain(unverified);
  });

  // Of the eleven unevictable pages ten belong to the other file, which is known for certain.
  test("what other files have for certain is not left for it", () => {
    const story = afterRestart();
    const other = process(8);
    story.created(other, 6);
    story.allocated(other, 6, 10);
    story.look([[other, 6]]);
    story.kernel({}, { unevictableBytes: bytes(11 * pageBytes) });
    story.tick();
    expect(story.snapshot.secret.files.map(({ inode }) => inode)).toEqual([6]);
  });
});

test("a file in flight that is known for certain stays: the kernel counts unevictable pages in batches, late", () => {
  const story = Story.watching();
  story.created(holder, 5);
  story.allocated(holder, 5, 10);
  story.look([]);
  story.kernel({}, { unevictableBytes: bytes(0) });
  story.tick();
  expect(story.residentPages(5)).toBe(10);
});

describe("while the probes are gone", () => {
  test("it is said, with the reason", () => {
    const story = Story.watching();
    story.detached("lost", "bpftrace was ended by SIGKILL");
    expect(story.snapshot.evidence.why).toContain("the probes are not running: bpftrace was ended by SIGKILL");
    story.attached();
    expect(story.snapshot.evidence.complete).toBe(true);
  });

  test("splits have no cause", () => {
    const story = Story.watching();
    story.detached();
    story.kernel({ "2m": 6 });
    story.attached();
    story.tick();
    expect(story.snapshot.evidence).toMatchObject({ unattributedSplits: 6, complete: false });
    expect(story.snapshot.evidence.why).toContain("6 splits without a known cause");
  });
});

function sampleOf(story: Story) {
  const earlier = story.events.find((event) => event.kind === "allocated");
  if (earlier?.kind !== "allocated") throw new Error("nothing was allocated");
  const { at: _, ...sample } = earlier;
  return { ...sample, pages: earlier.pages };
}
