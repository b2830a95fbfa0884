/** Claim: what is called our own split was split by attaching, and never by somebody who split beside it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KernelSample } from "../../../collector/events.ts";
import { OwnSplits } from "../../../collector/sources/bpftrace/ownSplits.ts";
import type { SplitCount } from "../../../collector/sources/bpftrace/splitMaps.ts";
import { monotonicNs } from "../../../collector/units.ts";
import type { SplitLevel } from "../../../probes/words.ts";

const sample = (small: number, large = 0) =>
  ({ kind: "kernel", at: monotonicNs(1n), splits: { "2m": small, "1g": large } }) as KernelSample;
const count = (n: number, level: SplitLevel | null = "2m", generation = 1): SplitCount => ({
  pid: 7,
  rawStart: 1,
  comm: "somebody",
  cause: "secretmem",
  level,
  stack: [],
  count: n,
  generation,
});

describe("the share of attaching", () => {
  test("what vmstat moved less what was counted, once vmstat stood still during a reading", () => {
    const own = new OwnSplits();
    own.begin(sample(100));
    own.asked(sample(105));
    expect(own.of(sample(105), [count(2)])).toEqual({ "2m": 3, "1g": 0 });
    expect(own.areOpen).toBe(false);
    expect(own.of(sample(109), [count(2)])).toBeUndefined();
  });

  test("somebody splits while the counters are read: the next quiet reading tells", () => {
    const own = new OwnSplits();
    own.begin(sample(100));
    own.asked(sample(103));
    // Four splits came after the counters were printed and before vmstat was read.
    expect(own.of(sample(107), [])).toBeUndefined();
    own.asked(sample(107));
    expect(own.of(sample(107), [count(4)])).toEqual({ "2m": 3, "1g": 0 });
  });

  test("never a quiet reading: what is certainly ours is told in the end", () => {
    const own = new OwnSplits();
    own.begin(sample(100));
    const told = Array.from({ length: 8 }, (_, n) => {
      own.asked(sample(103 + 2 * n));
      return own.of(sample(105 + 2 * n), [count(2 * n + 1)]);
    });
    expect(told).toEqual([...Array<undefined>(7), { "2m": 2, "1g": 0 }]);
  });

  test("two generations in one reading: it is told now, later ones do not hold everything", () => {
    const own = new OwnSplits();
    own.begin(sample(100));
    own.asked(sample(103));
    expect(own.of(sample(104), [count(1, "2m", 1), count(1, "2m", 2)])).toEqual({ "2m": 1, "1g": 0 });
  });

  test("a counted split without a level is never counted twice", () => {
    const own = new OwnSplits();
    own.begin(sample(100, 10));
    own.asked(sample(100, 12));
    expect(own.of(sample(100, 12), [count(1, null)])).toEqual({ "2m": 0, "1g": 1 });
  });

  test("no counters in this kernel: null, not zero", () => {
    const none = { ...sample(0), splits: { "2m": null, "1g": null } } as KernelSample;
    const own = new OwnSplits();
    own.begin(none);
    own.asked(none);
    expect(own.of(none, [])).toEqual({ "2m": null, "1g": null });
  });

  test("whoever splits whenever: never more than attaching did, and exactly that once it is told in a quiet reading", () => {
    const step = fc.record({ beforeAsked: fc.nat(3), beforeCounted: fc.nat(2), beforeSampled: fc.nat(2) });
    fc.assert(
      fc.property(fc.nat(20), fc.array(step, { minLength: 9, maxLength: 12 }), (ours, steps) => {
        const own = new OwnSplits();
        own.begin(sample(0));
        let others = 0;
        for (const { beforeAsked, beforeCounted, beforeSampled } of steps) {
          others += beforeAsked;
          own.asked(sample(ours + others));
          others += beforeCounted;
          const counted = [count(others)];
          others += beforeSampled;
          const told = own.of(sample(ours + others), counted);
          if (told === undefined) continue;
          expect(told["2m"]).toBeLessThanOrEqual(ours);
          if (beforeCounted + beforeSampled === 0) expect(told["2m"]).toBe(ours);
          return;
        }
        expect.unreachable("it is told within eight readings");
      }),
    );
  });
});
