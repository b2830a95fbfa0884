/** Claim: of a map that is printed again and again, exactly what moved is told, and keys that went are forgotten. */
import { describe, expect, test } from "vitest";
import { CounterMap } from "../../../collector/sources/bpftrace/counterMap.ts";

describe("a print of the whole map", () => {
  test("tells all of it the first time, and then only what moved", () => {
    const map = new CounterMap(2);
    expect(map.take({ "5,0": 3, "6,0": 1 })).toEqual([
      { numbers: [5, 0], value: 3 },
      { numbers: [6, 0], value: 1 },
    ]);
    expect(map.take({ "5,0": 3, "6,0": 1 })).toEqual([]);
    expect(map.take({ "5,0": 3, "6,0": 2 })).toEqual([{ numbers: [6, 0], value: 2 }]);
    expect(map.size).toBe(2);
  });

  test("forgets keys that it no longer has; if one comes again it is told again, even with the same value", () => {
    const map = new CounterMap(1);
    map.take({ "5": 3, "6": 1 });
    expect(map.take({ "6": 1 })).toEqual([]);
    expect([...map.entries].map(({ numbers }) => numbers)).toEqual([[6]]);
    expect(map.take({ "5": 3, "6": 1 })).toEqual([{ numbers: [5], value: 3 }]);
  });

  test("a print that did not arrive costs nothing: the next has it all", () => {
    const map = new CounterMap(1);
    map.take({ "5": 3 });
    expect(map.take({ "5": 30, "6": 4 })).toEqual([
      { numbers: [5], value: 30 },
      { numbers: [6], value: 4 },
    ]);
  });

  test("clear: an empty map is not printed, so somebody has to say so", () => {
    const map = new CounterMap(1);
    map.take({ "5": 3 });
    map.clear();
    expect(map.size).toBe(0);
    expect(map.take({ "5": 3 })).toEqual([{ numbers: [5], value: 3 }]);
  });
});

describe("what bpftrace may send", () => {
  test("values as strings, as bigint, with spaces nowhere", () => {
    const map = new CounterMap(1);
    expect(map.take({ "1": "12", "2": 13n })).toEqual([
      { numbers: [1], value: 12 },
      { numbers: [2], value: 13 },
    ]);
  });

  test.each([[null], [7], ["text"], [[1, 2]]])("%j is no map of counters, and nothing is forgotten for it", (data) => {
    const map = new CounterMap(1);
    map.take({ "5": 3 });
    expect(map.take(data)).toEqual([]);
    expect(map.size).toBe(1);
  });

  test.each([["5"], ["5,6,7"], ["a,b"], ["5,"], ["1.5,2"], ["__proto__,1"]])("the key %j is left out", (key) => {
    expect(new CounterMap(2).take({ [key]: 1, "5,6": 2 })).toEqual([{ numbers: [5, 6], value: 2 }]);
  });

  test("a value that is no number is left out", () => {
    expect(new CounterMap(1).take({ "5": "many", "6": {}, "7": 1 })).toEqual([{ numbers: [7], value: 1 }]);
  });

  test("two keys that differ beyond 2^53 are two entries, as after 104 days of nanoseconds", () => {
    const map = new CounterMap(1);
    expect(map.take({ "9007199254740992": 1, "9007199254740993": 2 })).toHaveLength(2);
    expect(map.take({ "9007199254740992": 1, "9007199254740993": 3 })).toHaveLength(1);
    expect(map.size).toBe(2);
  });
});
