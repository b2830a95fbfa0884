import { describe, expect, it } from "vitest";
import type { Scan, ScannedHolding } from "../../../collector/sources/procfs/scan.ts";
import { ScanReporter } from "../../../collector/sources/procfs/scanEvents.ts";
import { monotonicNs, startTicks, pid as toPid } from "../../../collector/units.ts";
import { device } from "../../../probes/kernel/secretFile.ts";

function holding(pid: number, inode: number, started = 1, comm = "daemon"): ScannedHolding {
  return {
    at: monotonicNs(5n),
    process: { pid: toPid(pid), started: startTicks(started), comm, uid: 0, cgroup: "/", ppid: toPid(1) },
    tid: pid,
    device: device(0, 14),
    inode,
    descriptors: [3, 4],
    mappings: [],
    mappedBytes: 0,
    residentBytes: null,
    proportionalBytes: null,
    memlockLimitBytes: "unlimited",
    paths: [],
  };
}

function scan(began: bigint, pids: number[], holdings: ScannedHolding[], some: Partial<Scan> = {}): Scan {
  return {
    scope: "all",
    began: monotonicNs(began),
    ended: monotonicNs(began + 10n),
    holdings,
    files: [],
    asked: new Set(pids),
    pids: new Set(pids),
    hidden: 2,
    blindToOthers: false,
    by: "look",
    ...some,
  };
}

const kinds = (reporter: ScanReporter, one: Scan) =>
  reporter.events(one).map((event) => ("pid" in event ? `${event.kind} ${event.pid}` : event.kind));

describe("a scan in events", () => {
  it("names a process once, and again when its name changes", () => {
    const reporter = new ScanReporter();
    expect(kinds(reporter, scan(1n, [1, 2], [holding(2, 7)]))).toEqual(["process 2", "holding 2", "scan"]);
    expect(kinds(reporter, scan(2n, [1, 2], [holding(2, 7)]))).toEqual(["holding 2", "scan"]);
    expect(kinds(reporter, scan(3n, [1, 2], [holding(2, 7, 1, "new")]))).toEqual(["process 2", "holding 2", "scan"]);
  });

  it("says the end of a holder, also when another process has its pid", () => {
    const reporter = new ScanReporter();
    reporter.events(scan(1n, [2, 3], [holding(2, 7), holding(3, 7)]));
    expect(reporter.events(scan(2n, [3], [holding(3, 7, 9)])).filter(({ kind }) => kind === "exit")).toMatchObject([
      { pid: 2, started: 1, at: 12n },
      { pid: 3, started: 1 },
    ]);
    expect(kinds(reporter, scan(3n, [3], []))).toEqual(["scan"]);
  });

  it("counts a look at all holders as the picture of the last full scan", () => {
    const reporter = new ScanReporter();
    reporter.events(scan(1n, [1, 2, 3], [holding(2, 7)]));
    expect([...reporter.holders]).toEqual([2]);
    const look = scan(50n, [2, 9], [holding(9, 8)], { scope: "some", hidden: 0 });
    expect(reporter.events(look)).toMatchObject([
      { kind: "process", pid: 9 },
      { kind: "holding", pid: 9, descriptors: 2, mappings: 0, residentBytes: null, memlockLimitBytes: "unlimited" },
      { kind: "scan", began: 1n, at: 60n, processes: 3, hidden: 2, partial: false },
    ]);
    expect([...reporter.holders]).toEqual([9]);
  });

  it("gives only names of a look that left holders out, and forgets none of them", () => {
    const reporter = new ScanReporter();
    const look = scan(50n, [9], [holding(9, 8)], { scope: "some" });
    expect(kinds(reporter, look)).toEqual(["process 9"]);
    reporter.events(scan(60n, [2, 9], [holding(2, 7)]));
    expect(kinds(reporter, scan(70n, [9], [holding(9, 8)], { scope: "some" }))).toEqual(["process 9"]);
    expect([...reporter.holders].sort()).toEqual([2, 9]);
  });
});
