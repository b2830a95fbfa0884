/** How often /proc is looked at follows from what a look costs, and from the share of a core that it may have. */
import { expect, test } from "vitest";
import type { LookShares } from "../../../collector/observation.ts";
import type { ProcessScanner, Scan } from "../../../collector/sources/procfs/scan.ts";
import { attentive, ProcfsSource, thrifty } from "../../../collector/sources/procfs/source.ts";
import { monotonicNs, startTicks, pid as toPid } from "../../../collector/units.ts";
import { device } from "../../../probes/kernel/secretFile.ts";

const lookMs = 20;

/** Costs CPU time as a look does, and finds one holder. */
function look(scope: Scan["scope"]): Promise<Scan> {
  const before = process.cpuUsage();
  for (let used = 0; used < lookMs * 1000; ) {
    const { user, system } = process.cpuUsage(before);
    used = user + system;
  }
  const holder = {
    at: monotonicNs(5n),
    process: { pid: toPid(7), started: startTicks(1), comm: "x", uid: 0, cgroup: "/", ppid: toPid(1) },
    tid: 7,
    device: device(0, 14),
    inode: 1,
    descriptors: [3],
    mappings: [],
    mappedBytes: 0,
    residentBytes: null,
    proportionalBytes: null,
    memlockLimitBytes: "unlimited" as const,
    paths: [],
  };
  const moment = { scope, began: monotonicNs(1n), ended: monotonicNs(2n), by: "look" as const };
  const pids = new Set([7]);
  return Promise.resolve({
    ...moment,
    holdings: [holder],
    files: [],
    asked: pids,
    pids,
    hidden: 0,
    blindToOthers: false,
  });
}

/** How many looks of each kind there are in so many seconds of one interval a second; the clock is the test's. */
async function looks(shares: LookShares | undefined, seconds: number) {
  const counts = { all: 0, some: 0 };
  const counted = (scope: Scan["scope"]) => () => {
    counts[scope]++;
    return look(scope);
  };
  let now = 0;
  const scanner = { scanAll: counted("all"), scanSome: counted("some") } as unknown as ProcessScanner;
  const source = new ProcfsSource({ scanner, nowMs: () => now, ...(shares === undefined ? {} : { shares }) });
  for (now = 1000; now <= seconds * 1000; now += 1000) await source.look(() => {});
  return counts;
}

test("while somebody watches, the holders are looked at every second", async () => {
  expect(await looks(undefined, 20)).toEqual(await looks(attentive, 20));
  const { all, some } = await looks(attentive, 20);
  expect(all + some).toBe(20);
});

test("a service spends a fiftieth of a core at most, whatever a look costs", async () => {
  const { all, some } = await looks(thrifty, 60);
  expect(some).toBeGreaterThan(10);
  expect(((all + some) * lookMs) / 60_000).toBeLessThan(0.02);
});

test("when those who were known to hold a file let it go, all are looked at soon: another may hold it", async () => {
  const order: string[] = [];
  const file = { device: device(0, 14), inode: 1, holdings: [], paths: [] };
  const looked = (scope: Scan["scope"]) => async () => {
    order.push(scope);
    // Held at the first two looks; by then nobody who is known has it.
    return { ...(await look(scope)), files: order.length <= 2 ? [file] : [] };
  };
  let now = 0;
  const scanner = { scanAll: looked("all"), scanSome: looked("some") } as unknown as ProcessScanner;
  const source = new ProcfsSource({ scanner, nowMs: () => now, shares: attentive });
  // What a look costs allows one at all processes every two seconds, ten times as many when something happened.
  for (now = 250; now <= 1250; now += 250) await source.look(() => {});
  expect(order).toEqual(["all", "some", "some", "all", "some"]);
});
