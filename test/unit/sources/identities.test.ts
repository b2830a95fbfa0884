/** Claim: (pid, start) as the kernel program says it is the process that everybody else means. */
import { expect, test } from "vitest";
import { Identities } from "../../../collector/sources/bpftrace/identities.ts";
import { startTicks } from "../../../collector/units.ts";

const never = () => {
  throw new Error("/proc was asked");
};

test.each([
  [65_625_393_547, 6562],
  [9_999_999, 0],
  [10_000_000, 1],
])("start_boottime %i ns is %i ticks: field 22 of /proc/PID/stat, rounded down", (ns, ticks) => {
  expect(new Identities(true, never).of(7, ns)).toEqual({ pid: 7, started: ticks });
});

test("where the program cannot say the start, /proc is asked once for each process", () => {
  let asked = 0;
  const identities = new Identities(false, () => {
    asked++;
    return startTicks(42);
  });
  expect(identities.of(7, 1_000_000_000)).toEqual({ pid: 7, started: 42 });
  expect(identities.of(7, 1_000_000_000)).toEqual({ pid: 7, started: 42 });
  expect(asked).toBe(1);
});

test("a process that is gone already goes by when it was first seen, and stays the same one", () => {
  const identities = new Identities(false, () => null);
  expect(identities.of(7, 1_000_000_000)).toEqual({ pid: 7, started: 100 });
  expect(identities.of(7, 1_000_000_000)).toEqual({ pid: 7, started: 100 });
});

test("the same pid seen first at another time is another process", () => {
  let start = 1;
  const identities = new Identities(false, () => startTicks(start++));
  expect(identities.of(7, 1_000).started).not.toBe(identities.of(7, 2_000).started);
});

test("what is remembered is bounded: the answer is asked for again", () => {
  let asked = 0;
  const identities = new Identities(false, () => {
    asked++;
    return startTicks(1);
  });
  for (let pid = 1; pid <= 16_385; pid++) identities.of(pid, 5);
  identities.of(1, 5);
  expect(asked).toBe(16_386);
});
