/**
 * Claim: whatever interval samples are lost on the way, as long as the last reading arrives, the ledger ends in the
 * same totals, and they are the model kernel's own.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { histories, type Life, live, runs } from "./histories.ts";
import { pageBytes } from "./story.ts";

/** From arbitrary bits, over and over: which samples arrive. */
const losses = fc.array(fc.boolean(), { minLength: 1, maxLength: 60, size: "max" });
const reader = (bits: readonly boolean[]) => {
  let at = 0;
  return () => bits[at++ % bits.length] ?? true;
};

/**
 * What is the same however late it came to be known. Left out: times, which level where the route cannot tell, and who
 * made a file that was forgotten while it was empty and in flight, so that pages from before are nobody's.
 */
function totals({ secret, directMap, splitCauses, evidence, hibernation }: Snapshot) {
  const byStack = new Map<string, number>();
  for (const { cause, pid, count, stack } of splitCauses) {
    const key = `${cause} ${pid} ${stack.join()}`;
    byStack.set(key, (byStack.get(key) ?? 0) + count);
  }
  return {
    secret: {
      ...secret,
      charges: secret.charges?.filter(({ cgroup }) => cgroup !== null),
      files: secret.files.map((file) => ({ ...file, creatorPid: null })).sort((a, b) => a.inode - b.inode),
      refusedProcesses: secret.refusedProcesses
        .map(({ pid, startTicks, what, code, count }) => `${pid}:${startTicks} ${what} ${code} ${count}`)
        .sort(),
    },
    sinceStart: directMap.sinceStart,
    byStack: [...byStack].sort(),
    unattributed: evidence.unattributedSplits,
    restarts: evidence.restarts,
    hibernation,
  };
}

/** The model's own account. */
function truth({ kernel }: Life) {
  const held = kernel.files.filter(({ holders }) => holders.size > 0);
  return {
    residentBytes: kernel.residentPages * pageBytes,
    files: held.map(({ inode, pages }) => [inode, pages * pageBytes]).sort(([a = 0], [b = 0]) => a - b),
    explained: [...kernel.explained.totals.values()].reduce((sum, n) => sum + n, 0),
    vmstat: kernel.vmstat["2m"] + kernel.vmstat["1g"] - 1010,
  };
}

function shown({ story }: Life) {
  const { secret, splitCauses, directMap } = story.snapshot;
  return {
    residentBytes: secret.residentBytes,
    files: secret.files
      .map(({ inode, residentBytes }) => [inode, residentBytes])
      .sort(([a], [b]) => Number(a) - Number(b)),
    explained: splitCauses.reduce((sum, { count }) => sum + count, 0),
    vmstat: Number(directMap.sinceStart.splits["2m"]) + Number(directMap.sinceStart.splits["1g"]),
  };
}

test.each([true, false])("any loss of samples ends in the same totals (route tells levels: %s)", (tellsLevel) => {
  fc.assert(
    fc.property(histories, losses, (steps, bits) => {
      const whole = live(steps, { tellsLevel });
      const lossy = live(steps, { tellsLevel, arrives: reader(bits) });
      expect(totals(lossy.story.snapshot)).toEqual(totals(whole.story.snapshot));
    }),
    runs,
  );
});

// A file that went in a gap is taken for one in flight as long as others have as many unevictable pages.
test("and these are the kernel's own", () => {
  fc.assert(
    fc.property(histories, losses, (steps, bits) => {
      const life = live(steps, { arrives: reader(bits), reusesInodes: true });
      expect(shown(life)).toEqual(truth(life));
    }),
    runs,
  );
});

test("also when bpftrace is killed and its last counts are gone: pages are right again, splits are said to be unattributed", () => {
  fc.assert(
    fc.property(histories, losses, (steps, bits) => {
      const life = live(steps, { arrives: reader(bits), lastWords: false, reusesInodes: true });
      const { explained, vmstat, ...pages } = truth(life);
      const seen = shown(life);
      expect(seen).toMatchObject({ ...pages, vmstat });
      expect(seen.explained).toBeLessThanOrEqual(explained);
    }),
    runs,
  );
});
