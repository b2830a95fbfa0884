/** Claim: a file's figure rests on a baseline that was measured while nothing moved, and says so when it does not. */
import { describe, expect, test } from "vitest";
import { bytes } from "../../../collector/units.ts";
import { process, Story } from "./story.ts";

const holder = process(7);
const unmeasured = "1 file could not be measured yet";

describe("a file that was there before the probes", () => {
  test("is unknown until it was measured, and so is the total", () => {
    const story = Story.watching();
    story.look([[holder, 5]]);
    story.tick();
    expect(story.residentPages(5)).toBeNull();
    expect(story.snapshot.secret.residentBytes).toBeNull();
    expect(story.snapshot.evidence.why).toContain(unmeasured);
  });

  test("is known at the reading after a measure, less what the counters had counted by then", () => {
    const story = Story.watching();
    story.look([[holder, 5]]);
    story.allocated(holder, 5, 3);
    story.size(5, 10);
    story.tick();
    expect(story.residentPages(5)).toBe(10);
    story.allocated(holder, 5, 8);
    story.freed(5, 1);
    story.tick();
    expect(story.residentPages(5)).toBe(14);
    expect(story.snapshot.evidence.why).toEqual([]);
  });

  test("is not believed when the counters moved while it was measured; the next measure counts", () => {
    const story = Story.watching();
    story.look([[holder, 5]]);
    story.size(5, 10);
    story.allocated(holder, 5, 3);
    story.tick();
    expect(story.residentPages(5)).toBeNull();
    expect(story.snapshot.evidence.why).toContain(unmeasured);
    story.size(5, 13);
    story.tick();
    expect(story.residentPages(5)).toBe(13);
  });

  // Three pages came, were measured, and went with the file: the counters' difference stood still, the pages did not.
  test("is not believed either when as many pages came as went while it was measured", () => {
    const story = Story.watching();
    story.look([[holder, 5]]);
    story.size(5, 3);
    story.freed(5, 3);
    story.allocated(holder, 5, 3);
    story.exit(holder);
    story.look([]);
    story.kernel({}, { unevictableBytes: bytes(0) });
    story.tick();
    expect(story.residentPages(5)).not.toBe(3);
    story.tick();
    expect(story.snapshot.secret.files).toEqual([]);
  });

  test("is not known from a measure before the reading", () => {
    const story = Story.watching();
    story.look([[holder, 5]]);
    story.size(5, 10);
    expect(story.residentPages(5)).toBeNull();
  });
});

describe("a file that was made under the probes' eyes", () => {
  test("needs no measure: its baseline is zero", () => {
    const story = Story.watching();
    story.created(holder, 5);
    expect(story.residentPages(5)).toBe(0);
    story.allocated(holder, 5, 4);
    story.tick();
    expect(story.residentPages(5)).toBe(4);
    expect(story.snapshot.secret.files[0]?.creatorPid).toBe(holder.pid);
    expect(story.snapshot.evidence.why).toEqual([]);
  });

  test("ends whatever file had its inode before", () => {
    const story = Story.watching();
    story.created(holder, 5);
    story.allocated(holder, 5, 4);
    story.tick();
    const heir = process(8);
    story.created(heir, 5);
    // The kernel counts by number: what the first file had was freed before its number could come again.
    story.freed(5, 4);
    story.tick();
    expect(story.residentPages(5)).toBe(0);
    story.allocated(heir, 5, 1);
    story.tick();
    expect(story.residentPages(5)).toBe(1);
    expect(story.snapshot.secret.files.map(({ creatorPid }) => creatorPid)).toEqual([heir.pid]);
  });

  test("and another measure contradicts the counters: the kernel's figure is shown, with the difference", () => {
    const story = Story.watching();
    story.created(holder, 5);
    story.allocated(holder, 5, 4);
    story.size(5, 6);
    story.tick();
    expect(story.residentPages(5)).toBe(6);
    expect(story.snapshot.evidence.differencePages).toBe(2);
    expect(story.snapshot.evidence.why).toEqual([
      "counters and kernel differed by 2 pages; the kernel's figure is shown",
    ]);
    story.size(5, 6);
    story.tick();
    expect(story.snapshot.evidence.differencePages).toBe(0);
    expect(story.snapshot.evidence.complete).toBe(true);
  });
});

test("without counters the last measure is the figure, at once", () => {
  const story = new Story();
  story.host();
  story.plan({});
  story.look([[holder, 5]]);
  expect(story.residentPages(5)).toBeNull();
  story.size(5, 10);
  expect(story.residentPages(5)).toBe(10);
  story.size(5, 4);
  expect(story.residentPages(5)).toBe(4);
  expect(story.snapshot.secret.holders[0]?.allocatedBytes).toBeNull();
});
