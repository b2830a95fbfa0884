/** Who gets a series of its own, and that nothing is lost in "other". */
import fc from "fast-check";
import { expect, test } from "vitest";
import { StableTop } from "../../../../collector/publish/metrics/stableTop.ts";

const second = 1_000_000_000n;
const amounts = (values: Record<string, number | null>) => new Map(Object.entries(values));
const names = (top: StableTop) => top.top.map(([name]) => name).sort();

test("at the start the largest are in; later ones wait ten seconds", () => {
  const top = new StableTop(2);
  top.observe(0n, amounts({ a: 5, b: 9, c: 7 }));
  expect([names(top), top.other]).toEqual([["b", "c"], 5]);
  top.observe(1n * second, amounts({ a: 5, b: 9, d: 100 }));
  expect([names(top), top.other]).toEqual([["b"], 105]);
  top.observe(10n * second, amounts({ a: 5, b: 9, d: 100 }));
  expect(names(top)).toEqual(["a", "b"]);
  top.observe(11n * second, amounts({ a: 5, b: 9, d: 100 }));
  expect([names(top), top.other]).toEqual([["b", "d"], 5]);
});

test("who is in stays, until somebody clearly larger comes", () => {
  const top = new StableTop(1);
  top.observe(0n, amounts({ a: 100, b: 90 }));
  for (let now = 1; now < 60; now++)
    top.observe(BigInt(now) * second, amounts({ a: 100, b: now % 2 === 0 ? 90 : 120 }));
  expect(names(top)).toEqual(["a"]);
  top.observe(60n * second, amounts({ a: 100, b: 126 }));
  expect(names(top)).toEqual(["b"]);
});

test("names that come and go never get in, and unknown amounts make other unknown", () => {
  const top = new StableTop(5);
  top.observe(0n, amounts({}));
  for (let now = 1; now < 100; now++) {
    top.observe(BigInt(now) * second, amounts({ [`short-${now}`]: 1e9, stays: 1 }));
    expect(names(top).filter((name) => name.startsWith("short"))).toEqual([]);
  }
  expect(names(top)).toEqual(["stays"]);
  top.observe(100n * second, amounts({ stays: null, more: null }));
  expect([top.top, top.other]).toEqual([[["stays", null]], null]);
});

test("whatever comes: never more than allowed, and top and other are everything", () => {
  const values = fc.dictionary(fc.string({ maxLength: 3 }), fc.integer({ min: 0, max: 1000 }), { maxKeys: 30 });
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 6 }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), values)),
      (most, steps) => {
        const top = new StableTop(most);
        let now = 0n;
        for (const [step, each] of steps) {
          now += BigInt(step) * second;
          top.observe(now, amounts(each));
          expect(top.top.length).toBeLessThanOrEqual(most);
          const inTop = top.top.reduce((sum, [, value]) => sum + (value ?? 0), 0);
          expect(inTop + (top.other ?? 0)).toBe(Object.values(each).reduce((sum, value) => sum + value, 0));
        }
      },
    ),
  );
});
