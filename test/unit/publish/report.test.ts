/** Claim: a report is what the ledger says at the end less what it said at the beginning, and the most in between. */
import { describe, expect, test } from "vitest";
import { HolderTable, mostGone } from "../../../collector/publish/report/holderTable.ts";
import type { Report } from "../../../collector/publish/report/report.ts";
import { pid } from "../../../collector/units.ts";
import { busy, holder } from "../commands/snapshots.ts";
import { process } from "../ledger/story.ts";
import { ReportedStory } from "./report-story.ts";

const a = process(21);
const b = process(22);
const causesOf = ({ splits }: Report) => splits.causes.map(({ cause, own, count }) => [cause, own, count]);

function addsUp({ splits }: Report): void {
  expect(splits.attributed + (splits.unattributed ?? 0)).toBe(splits.kernel);
  expect(splits.causes.reduce((sum, { count }) => sum + count, 0)).toBe(splits.attributed);
  for (const { own, count, processes, left } of splits.causes) {
    if (!own) expect(processes.reduce((sum, each) => sum + each.count, left.count)).toBe(count);
  }
}

describe("splits", () => {
  test("with a cause and without add up to what the kernel counted; causes are ranked", () => {
    const story = ReportedStory.started();
    story.named(a, "one");
    story.named(b, "two");
    story.tell({ kind: "ownSplits", epoch: 1, splits: { "2m": 4, "1g": 0 } });
    story.split(a, 3, { stack: ["x+0x1"] });
    story.split(a, 2, { stack: ["y+0x1"] });
    story.split(b, 6);
    story.split(b, 1, { cause: "module" });
    story.kernel({ "2m": 118, "1g": 11 }, { collapses: { "2m": 5, "1g": 0 } });
    story.sampled();
    const report = story.report();
    expect(report.splits).toMatchObject({ kernel: 19, attributed: 16, unattributed: 3 });
    expect(report.evidence.unattributedSplits).toBe(3);
    expect(causesOf(report)).toEqual([
      ["secretmem", false, 11],
      ["bpf", true, 4],
      ["module", false, 1],
    ]);
    expect(report.splits.causes[0]?.processes).toEqual([
      { pid: 22, comm: "two", count: 6 },
      { pid: 21, comm: "one", count: 5 },
    ]);
    expect(report.directMap.splits).toEqual({ "2m": 18, "1g": 1 });
    expect(report.directMap.collapses).toEqual({ "2m": 2, "1g": 0 });
    addsUp(report);
  });

  test("a file that continues another one tells only its own", () => {
    const story = ReportedStory.started();
    const continued = new ReportedStory(story.ledger);
    story.isState = true;
    story.split(a, 50);
    story.kernel({ "2m": 160 });
    story.tick();
    continued.epoch = 1;
    continued.wait(60_000);
    continued.maker.continued(continued.ledger);
    continued.split(a, 57);
    continued.kernel({ "2m": 168 });
    continued.sampled();
    const report = continued.report();
    expect(report.splits).toMatchObject({ kernel: 8, attributed: 7, unattributed: 1 });
    addsUp(report);
  });

  test("of a kernel that does not count them, the difference is unknown and not 0", () => {
    const story = ReportedStory.started();
    story.kernel({ "2m": null, "1g": null });
    story.sampled();
    expect(story.report().splits).toMatchObject({ kernel: null, unattributed: null });
  });

  test("entries that the ledger folded are not lost, and none is below zero", () => {
    const story = ReportedStory.started({ "2m": 0, "1g": 0 });
    let count = 0;
    for (let generation = 1; generation <= 4; generation++) {
      for (let each = 0; each < 1500; each++) {
        story.split(process(10_000 + generation * 1500 + each), 1, { generation });
        count++;
      }
      story.kernel({ "2m": count });
      story.sampled();
    }
    const report = story.report();
    expect(report.splits).toMatchObject({ kernel: 6000, attributed: 6000, unattributed: 0 });
    expect(report.splits.causes[0]?.processes.every((each) => each.count > 0)).toBe(true);
    addsUp(report);
  });
});

describe("holders", () => {
  test("by peak and by growth; who went holds 0, who came began with 0, unreadable stays unknown", () => {
    const story = ReportedStory.started();
    story.named(a, "leak");
    story.holders([
      [a, 1000],
      [b, 9000],
    ]);
    story.sampled();
    story.holders([
      [a, 3000],
      [process(23), 7000],
      [process(24), null],
    ]);
    story.sampled();
    story.holders([
      [a, 2500],
      [process(24), null],
    ]);
    story.sampled();
    const { secret } = story.report();
    expect(secret.holders).toBe(4);
    expect(secret.byPeak.map((each) => [each.pid, each.beginBytes, each.peakBytes, each.endBytes])).toEqual([
      [22, 9000, 9000, 0],
      [23, 0, 7000, 0],
      [21, 1000, 3000, 2500],
      [24, 0, null, null],
    ]);
    expect(secret.byGrowth.map((each) => [each.comm, each.growthBytes])).toEqual([["leak", 1500]]);
  });

  test("the table stays small, keeps the largest, and counts the rest", () => {
    const table = new HolderTable();
    const all = 3 * mostGone;
    for (let number = 1; number <= all; number++) {
      const residentBytes = number === 5 ? 10 ** 9 : number;
      table.sample({ time: "", secret: { ...busy.secret, holders: [{ ...holder, pid: number, residentBytes }] } });
    }
    expect(table.count).toBe(all);
    expect(table.kept).toBeLessThanOrEqual(mostGone + 1);
    expect(
      table
        .byPeak()
        .map((each) => each.pid)
        .slice(0, 2),
    ).toEqual([5, all]);
  });
});

describe("refusals", () => {
  test("are those of the period, by process and reason, over restarts of the probes", () => {
    const story = ReportedStory.started();
    story.named(a, "greedy");
    story.created(a, 21);
    story.refused(a, 4);
    story.refused(b, 1, "create", "EMFILE");
    story.sampled();
    story.restart();
    story.refused(a, 2);
    story.sampled();
    const { refusals } = story.report();
    expect(refusals).toMatchObject({ count: 7, processes: 2, full: false });
    expect(refusals.list.map(({ comm, what, code, count }) => [comm, what, code, count])).toEqual([
      ["greedy", "fault", "SIGBUS", 6],
      ["", "create", "EMFILE", 1],
    ]);
    expect(refusals.kinds).toEqual([
      { what: "fault", code: "SIGBUS", count: 6 },
      { what: "create", code: "EMFILE", count: 1 },
    ]);
  });
});

describe("OOM kills", () => {
  test("name who really held the memory at the last sample before, even when the line comes late", () => {
    const story = ReportedStory.started();
    story.named(a, "holder");
    story.created(a, 21);
    story.allocated(a, 21, 10);
    story.holders([[a, 40_960]]);
    story.sampled();
    const at = story.now;
    story.wait(1000);
    story.holders([[b, 4096]]);
    story.sampled();
    const victim = { pid: pid(7), comm: "bystander", uid: 1, cgroup: null };
    story.late({ kind: "oomKill", epoch: 1, kill: 1, victim, trigger: victim, constraint: null, cgroup: null }, at);
    story.kernel({}, { oomKills: 6 });
    story.sampled();
    const { oom } = story.report();
    expect(oom.kernel).toBe(1);
    expect(oom.kills).toHaveLength(1);
    expect(oom.kills[0]).toMatchObject({ victim: { comm: "bystander" }, victimHeldBytes: 0, secretFreedBytes: 0 });
    expect(oom.kills[0]?.holders).toEqual([{ pid: 21, comm: "holder", residentBytes: 40_960 }]);
  });

  test("before the first look nobody knows who held it; a victim that could be hidden is not said to hold nothing", () => {
    const story = ReportedStory.started();
    story.oomKill(1);
    story.sampled();
    story.holders([[a, 4096]], 3);
    story.sampled();
    story.oomKill(2);
    story.sampled();
    const { kills } = story.report().oom;
    expect(kills.map(({ holders, victimHeldBytes }) => [holders?.length ?? null, victimHeldBytes])).toEqual([
      [null, null],
      [1, null],
    ]);
  });
});

describe("evidence", () => {
  test("that the probes were stopped at the end is no doubt; that they died is", () => {
    const stopped = ReportedStory.started();
    stopped.holders([]);
    stopped.sampled();
    stopped.detached("stopped", "stopped");
    expect(stopped.report().evidence).toMatchObject({ complete: true, why: [] });
    const died = ReportedStory.started();
    died.holders([]);
    died.sampled();
    died.detached();
    expect(died.report().evidence.complete).toBe(false);
  });

  test("lost lines, restarts and gaps are counted, and the period has its length", () => {
    const story = ReportedStory.started();
    story.sampled();
    story.lost("lines", 12);
    story.restart();
    story.wait(2000);
    story.sampled();
    const { evidence, period } = story.report();
    expect(evidence).toMatchObject({ lost: 12, restarts: 1 });
    expect(evidence.gaps).toHaveLength(1);
    expect(period).toMatchObject({ samples: 2, durationMs: 2010 });
    expect(period.from).toBe("2023-11-14T22:13:19.999Z");
  });
});
