/** Claim: every split that the kernel counts is either attributed to a stack and a process, or said to be unattributed. */
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Snapshot, SplitCauseView } from "../../collector/snapshot.ts";
import { freeBytes, splitsSinceBoot } from "./kernelFigures.ts";
import { lab, pageBytes, routes } from "./machine.ts";
import { splitting } from "./splitting.ts";
import { Watch } from "./watch.ts";
import { type Worker, workload } from "./workload.ts";

const modules = ["dummy", "nls_cp437", "nls_utf8", "tun", "vhost", "dm-mod", "raid456", "nf_tables", "xfs", "btrfs"];
/** Arguments of taskset(1). */
const oneCpu = ["-c", "0"];

const both = ({ "2m": small, "1g": large }: { "2m": number | null; "1g": number | null }) =>
  (small ?? Number.NaN) + (large ?? Number.NaN);
const counted = (causes: readonly SplitCauseView[]) => causes.reduce((total, { count }) => total + count, 0);
const splitsNow = () => both(splitsSinceBoot());

/** Waits until the snapshot has caught up with /proc/vmstat. */
const caughtUp = (watch: Watch) =>
  watch.becomes(
    ({ directMap }) => directMap.splits,
    () => splitsSinceBoot(),
  );

/** Growth of each figure between two snapshots. */
function grown(before: Snapshot, after: Snapshot, mine: (cause: SplitCauseView) => boolean) {
  const of = (figure: (snapshot: Snapshot) => number) => figure(after) - figure(before);
  return {
    mine: of(({ splitCauses }) => counted(splitCauses.filter(mine))),
    attributed: of(({ splitCauses }) => counted(splitCauses)),
    unattributed: of(({ evidence }) => evidence.unattributedSplits ?? Number.NaN),
    kernel: of(({ directMap }) => both(directMap.splits)),
    sinceStart: of(({ directMap }) => both(directMap.sinceStart.splits)),
  };
}

afterAll(() => Watch.endShared());

describe.each(routes)("splits by the %s route", (route) => {
  let watch: Watch;
  let atStart: number;
  beforeAll(async () => {
    watch = await Watch.shared(route);
    atStart = both(watch.splitsBefore);
  });
  afterAll(() => watch?.finish());

  /** In every run, whatever it did: attributed + unattributed = the kernel's difference. */
  const addsUp = () =>
    watch.becomes(
      ({ directMap, splitCauses, evidence }) => ({
        added: counted(splitCauses) + (evidence.unattributedSplits ?? Number.NaN),
        sinceStart: both(directMap.sinceStart.splits),
      }),
      () => ({ added: splitsNow() - atStart, sinceStart: splitsNow() - atStart }),
    );

  test("attaching is in the sum, as secretscope's own", async () => {
    const { splitCauses, directMap } = await addsUp();
    const own = both(directMap.sinceStart.own);
    expect(counted(splitCauses.filter((cause) => cause.own))).toBeLessThanOrEqual(own);
    expect(own).toBeLessThanOrEqual(both(directMap.sinceStart.splits));
  });

  test("secret memory: at least 99% attributed, to secretmem and to the workload's pid", async () => {
    const a = await workload();
    const before = await caughtUp(watch);
    const vmstatBefore = splitsNow();
    await splitSomeMore(a, 8);
    const after = await caughtUp(watch);
    const growth = grown(before, after, ({ cause, pid }) => cause === "secretmem" && pid === a.pid);
    expect(growth.kernel).toBe(splitsNow() - vmstatBefore);
    expect(growth.sinceStart).toBe(growth.kernel);
    expect(growth.attributed + growth.unattributed).toBe(growth.kernel);
    expect(growth.attributed / growth.kernel).toBeGreaterThanOrEqual(0.99);
    // Whatever else was split meanwhile was somebody else's doing, and says whose.
    const others = grown(before, after, ({ pid, own, comm }) => pid !== a.pid && (own || comm !== ""));
    expect(growth.mine + others.mine).toBe(growth.attributed);
    expect(growth.mine).toBeGreaterThanOrEqual(lab ? growth.kernel * 0.99 : growth.kernel / 2);
    const stacks = after.splitCauses.filter(({ pid }) => pid === a.pid).map(({ stack }) => stack.join(" "));
    for (const stack of stacks) {
      expect(stack).toMatch(/secretmem_fault\+0x/);
      expect(stack, "no kernel address").not.toMatch(/ffff[0-9a-f]{8,}/);
    }
    await a.finish();
    await addsUp();
  });

  // Once a guest: a module that is loaded splits nothing when it is loaded again, and used blocks stay used.
  if (lab && route === "tracepoint") {
    test("loading modules: cause module", async () => {
      const filler = await workload();
      await splitSomeMore(filler, 1);
      const before = await caughtUp(watch);
      await untilSplit(filler, `loading ${modules}`, (round) => {
        const module = modules[round % modules.length] ?? "";
        // A module that is loaded already, by an earlier round or attempt, splits nothing.
        spawnSync("modprobe", ["-r", module]);
        spawnSync("taskset", [...oneCpu, "modprobe", module]);
      });
      const growth = grown(before, await caughtUp(watch), ({ cause, own }) => cause === "module" && !own);
      expect(growth.attributed + growth.unattributed).toBe(growth.kernel);
      expect(growth.mine).toBeGreaterThan(0);
      await addsUp();
    });

    test("loading BPF programs that are not ours: cause bpf", async () => {
      const filler = await workload();
      await splitSomeMore(filler, 1);
      const before = await caughtUp(watch);
      await untilSplit(filler, "loading BPF programs", () => filler.ask("filters 300"));
      const growth = grown(before, await caughtUp(watch), ({ cause, own }) => cause === "bpf" && !own);
      expect(growth.attributed + growth.unattributed).toBe(growth.kernel);
      expect(growth.mine).toBeGreaterThan(0);
      await addsUp();
    });
  }
});

/**
 * Secret memory until the kernel had to split so many times. Its pages come first from blocks that earlier secret
 * memory has split already; those are used up by holding more and more.
 */
async function splitSomeMore(worker: Worker, wanted: number): Promise<void> {
  // A guest has just been booted; a host may have gibibytes of such blocks.
  if (!lab) {
    await splitting(worker, 0, { splits: wanted, withinMs: Number.POSITIVE_INFINITY });
    return;
  }
  const step = 2048;
  const most = Math.floor(freeBytes() / pageBytes / step / 2);
  const f = await worker.secret(most * step, 0);
  const before = splitsNow();
  for (let steps = 0; splitsNow() - before < wanted; steps += 1) {
    if (steps === most) throw new Error(`half of the free memory made secret, and ${splitsNow() - before} splits`);
    await worker.touch(f, steps * step, step);
  }
}

/**
 * Provokes until the kernel had to split for it. Pages come first from blocks that were split before, of which earlier
 * tests leave more or less: ordinary memory uses them up, a step before each round. Each CPU keeps freed pages of its
 * own (since 6.7 up to an eighth of the memory), so all of it happens on one.
 */
async function untilSplit(filler: Worker, what: string, provoke: (round: number) => unknown): Promise<void> {
  const step = 4096;
  spawnSync("taskset", ["-p", ...oneCpu, String(filler.pid)]);
  const most = Math.min(24, Math.floor(freeBytes() / pageBytes / step / 2));
  for (let round = 0; round < most; round += 1) {
    await filler.ask(`fill ${step}`);
    const before = splitsNow();
    await provoke(round);
    if (splitsNow() > before) return;
  }
  throw new Error(`${what} split nothing in ${most} rounds, with ${freeBytes() >> 20} MiB still free`);
}
