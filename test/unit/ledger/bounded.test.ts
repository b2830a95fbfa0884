/** Claim: the dead leave. However many processes come and go, the ledger stays as small as what lives. */
import { describe, expect, test } from "vitest";
import type { Ledger } from "../../../collector/ledger/ledger.ts";
import { process, Story } from "./story.ts";

const processes = 20_000;
const perReading = 100;
/** Ended processes are kept for a while, for their names: 1024, and those of one reading. */
const bound = 1024 + perReading;

const sizes = ({ files, processes: known, holdings, refusals, splits, oom, requests, gaps }: Ledger) => ({
  files: [...files.all].length,
  processes: known.size,
  holders: holdings.byProcess.size,
  refusals: [...refusals.processes].length,
  splits: splits.entries.length,
  kills: oom.recent.length,
  requests: requests.totals.length,
  gaps: gaps.length,
});

/** Each process lives as `one` says, and is gone at the next reading. @returns the largest sizes there were */
function churn(story: Story, one: (n: number) => void, many = processes) {
  const largest = sizes(story.ledger);
  for (let n = 1; n <= many; n++) {
    one(n);
    if (n % perReading !== 0) continue;
    story.look([]);
    story.tick();
    for (const [name, size] of Object.entries(sizes(story.ledger))) {
      largest[name as keyof typeof largest] = Math.max(largest[name as keyof typeof largest], size);
    }
  }
  return largest;
}

describe("20 000 processes start and exit", () => {
  test("each with a secret file of its own: nothing is left of them", () => {
    const story = Story.watching();
    const largest = churn(story, (n) => {
      const who = process(n, n);
      story.named(who, "short");
      story.created(who, n);
      story.allocated(who, n, 3);
      story.freed(n, 3);
      story.exit(who);
    });
    expect(largest.files).toBe(0);
    expect(largest.holders).toBe(0);
    expect(largest.processes).toBeLessThanOrEqual(bound);
    expect(story.snapshot.secret.residentBytes).toBe(0);
  });

  test("each turned down once", () => {
    const story = Story.watching();
    const largest = churn(story, (n) => {
      story.named(process(n, n), "short");
      story.refused(process(n, n), 1);
      story.exit(process(n, n));
    });
    expect(largest.refusals).toBeLessThanOrEqual(4096);
    expect(largest.processes).toBeLessThanOrEqual(4096 + bound);
  });

  test("each splitting once, in generations: all counted, old ones under one entry a cause", () => {
    const story = Story.watching();
    const many = 6000;
    const largest = churn(
      story,
      (n) => {
        const who = process(n, n);
        story.named(who, "short");
        story.split(who, 1, { level: "2m", stack: ["secretmem_fault+0x1"], generation: Math.ceil(n / 250) });
        story.kernel({ "2m": n });
        story.exit(who);
      },
      many,
    );
    expect(largest.splits).toBeLessThanOrEqual(4096 + 1);
    expect(largest.processes).toBeLessThanOrEqual(4096 + bound);
    const { splitCauses, evidence } = story.snapshot;
    expect(splitCauses.reduce((sum, { count }) => sum + count, 0)).toBe(many);
    expect(evidence.unattributedSplits).toBe(0);
  });

  // Each of them stays in the file's account, and with it its name.
  test("each allocating in one file that stays: its pages are all counted, the processes leave", () => {
    const story = Story.watching();
    const keeper = process(1, 999_999);
    story.created(keeper, 5);
    story.holding(keeper, 5);
    let largestPerFile = 0;
    const largest = churn(story, (n) => {
      const who = process(n, n);
      story.named(who, "short");
      story.allocated(who, 5, 1);
      story.exit(who);
      if (n % perReading === 0) story.holding(keeper, 5);
      largestPerFile = Math.max(largestPerFile, [...([...story.ledger.files.all][0]?.allocators ?? [])].length);
    });
    expect(story.residentPages(5)).toBe(processes);
    expect(largestPerFile).toBeLessThanOrEqual(512 + 3 * perReading);
    expect(largest.processes).toBeLessThanOrEqual(bound + largestPerFile);
  });

  // Only an exit line makes a process one that may leave.
  test("and the lines about their ends are lost: they leave all the same", () => {
    const story = Story.watching();
    const largest = churn(story, (n) => {
      const who = process(n, n);
      story.named(who, "short");
      story.created(who, n);
      story.allocated(who, n, 3);
      story.freed(n, 3);
    });
    expect(largest.processes).toBeLessThanOrEqual(bound);
  });
});

describe("a file with more allocators than are kept apart", () => {
  const many = 600;
  const withAllocators = (each: (who: ReturnType<typeof process>, story: Story) => void): Story => {
    const story = Story.watching();
    story.created(process(1, 999_999), 5);
    for (let n = 1; n <= many; n++) {
      story.allocated(process(n, n), 5, 3);
      each(process(n, n), story);
    }
    story.tick();
    return story;
  };

  // The exit line is streamed, the counter is read: the last pages of a process may be told after its end.
  test("a last sample that comes after the end of its process is not added to what it had before", () => {
    const story = withAllocators((who, told) => {
      told.named(who, "short");
      told.exit(who);
    });
    story.allocated(process(1, 1), 5, 5);
    story.tick();
    expect(story.residentPages(5)).toBe(many * 3 + 2);
  });

  // Nobody named them: their lines were lost.
  test("processes that are not known to have ended are kept apart", () => {
    const story = withAllocators(() => {});
    for (let n = 1; n <= many; n++) story.allocated(process(n, n), 5, 4);
    story.tick();
    expect(story.residentPages(5)).toBe(many * 4);
  });
});

test("kills, gaps and requests are kept in bounded number", () => {
  const story = Story.watching();
  for (let n = 1; n <= 1000; n++) {
    story.oomKill(n);
    story.restart();
    story.tell({ kind: "requests", epoch: story.epoch, function: "f", result: "0", count: 1, totalNs: null });
  }
  expect(sizes(story.ledger)).toMatchObject({ kills: 100, gaps: 100, requests: 1 });
  expect(story.snapshot.evidence.restarts).toBe(1000);
});

test("more files than are kept apart: the figure says how many are missing", () => {
  const story = Story.watching();
  const holder = process(1);
  const most = 65_536;
  for (let n = 1; n <= most + 3; n++) story.created(holder, n);
  expect(sizes(story.ledger).files).toBe(most);
  expect(story.snapshot.evidence.why).toContain("more files than are kept apart: 3 left out");
});
