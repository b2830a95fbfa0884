import { describe, expect, test } from "vitest";
import { decode } from "./decoding.ts";

// Printed by 0.27.1, in this order, under a flood after `print("\xc3")`; at exit its stderr said
// "WARNING: Total lost event count: 2082650".
const FLOODED = `{"type": "attached_probes", "count": 3, "data": {"probes": 3}}
{"type": "value", "data": "\\uffffffc3"}
{"type": "lost_events", "count": 284e3, "data": {"events": 284e3}}
{"type": "lost_events", "count": 122f5c, "data": {"events": 122f5c}}
{"type": "lost_events", "count": b131b, "data": {"events": b131b}}
`;

describe("from 0.24 on, counts are hexadecimal after the first escape of the stream", () => {
  test("lost events add up to the total that bpftrace named", () => {
    const { messages, counters } = decode([FLOODED], { version: "v0.27.1" });
    expect(counters.lostEvents).toBe(2_082_650);
    expect(messages.at(2)).toEqual({ type: "lost_events", events: 0x284e3 });
    expect(counters.messages.unparsed).toBe(0);
  });

  test("also when the escape came in an earlier chunk", () => {
    const { counters } = decode(FLOODED.match(/.*\n/g) ?? [], { version: "v0.27.1" });
    expect(counters.lostEvents).toBe(2_082_650);
  });

  test("before the first escape they are decimal", () => {
    const line = '{"type": "lost_events", "count": 45, "data": {"events": 45}}\n';
    expect(decode([line], { version: "v0.27.1" }).counters.lostEvents).toBe(45);
    expect(decode([FLOODED, line], { version: "v0.27.1" }).messages.at(-1)).toEqual({
      type: "lost_events",
      events: 69,
    });
  });

  test("buckets: hexadecimal counts, decimal bounds; tuple elements, maps and stats stay decimal", () => {
    // Printed by 0.27.1 after print((1,"\xc3",31)); @n counted 69 then.
    const { messages } = decode(
      [
        '{"type": "value", "data": [1,"\\uffffffc3",31]}\n',
        '{"type": "hist", "data": {"@h": {"\\uffffffc3": [{"min": 4, "max": 7, "count": 45}]}}}\n',
        '{"type": "hist", "data": {"@l": [{"min": 30, "max": 39, "count": 8b}]}}\n',
        '{"type": "map", "data": {"@n": 69}}\n',
        '{"type": "stats", "data": {"@s": {"count": 10, "average": 200, "total": 200}}}\n',
        '{"type": "value", "data": [31,"\\u0001"]}\n',
      ],
      { version: "v0.27.1" },
    );
    expect(messages).toEqual([
      { type: "value", data: [1, "\ufffd", 31] },
      { type: "hist", name: "@h", data: { "\ufffd": [{ min: 4, max: 7, count: 69 }] } },
      { type: "hist", name: "@l", data: [{ min: 30, max: 39, count: 139 }] },
      { type: "map", name: "@n", data: 69 },
      { type: "stats", name: "@s", data: { count: 10, average: 200, total: 200 } },
      { type: "value", data: [31, "\u0001"] },
    ]);
  });

  test("within a line only what stands behind its first escape", () => {
    const line =
      '{"type": "hist", "data": {"@h": {"a": [{"min": 4, "max": 7, "count": 10}], "\\u0001": [{"min": 4, "max": 7, "count": 10}]}}}\n';
    expect(decode([line], { version: "v0.24.0" }).messages).toEqual([
      {
        type: "hist",
        name: "@h",
        data: { a: [{ min: 4, max: 7, count: 10 }], "\u0001": [{ min: 4, max: 7, count: 16 }] },
      },
    ]);
  });

  test("values of a tseries too, negative ones as two's complement", () => {
    const { messages } = decode(
      [
        '{"type": "value", "data": "\\u0001"}\n',
        '{"type": "tseries", "data": {"@t": [{"interval_start":"2026-11-21 09:05:00.400000000","value":1f}]}}\n',
        '{"type": "tseries", "data": {"@t": [{"interval_start":"x","value":ffffffffffffffff}]}}\n',
      ],
      { version: "v0.27.1" },
    );
    expect(messages.slice(1)).toEqual([
      { type: "tseries", name: "@t", data: [{ interval_start: "2026-11-21 09:05:00.400000000", value: 31 }] },
      { type: "tseries", name: "@t", data: [{ interval_start: "x", value: -1 }] },
    ]);
  });

  test("an escaped backslash before a u is no escape", () => {
    const lines = '{"type": "value", "data": "\\\\u0001"}\n{"type": "lost_events", "count": 45}\n';
    expect(decode([lines], { version: "v0.27.1" }).counters.lostEvents).toBe(45);
  });
});

test("up to 0.23 counts are always decimal", () => {
  // Printed by 0.23.2.
  const lines =
    '{"type": "value", "data": [1,"\\uffffffc3",31]}\n{"type": "lost_events", "data": {"events": 265380}}\n';
  expect(decode([lines], { version: "v0.23.2" }).counters.lostEvents).toBe(265_380);
});

describe("of a release that nobody checked", () => {
  test.each([null, "v0.28.0"])("%s: a count that depends on the base is not guessed but reported", (version) => {
    const { messages, counters } = decode([FLOODED], { version });
    expect(messages.slice(2).map((message) => message.type === "unparsed" && message.reason)).toEqual([
      "ambiguousNumber",
      "ambiguousNumber",
      "ambiguousNumber",
    ]);
    expect(counters.lostEvents).toBe(0);
  });

  test("a count that is the same in both bases is read", () => {
    const lines = '{"type": "value", "data": "\\u0001"}\n{"type": "lost_events", "count": 9, "data": {"events": 9}}\n';
    expect(decode([lines], { version: null }).counters.lostEvents).toBe(9);
  });
});
