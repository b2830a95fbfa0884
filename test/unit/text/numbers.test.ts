/** Sizes, counts, durations, times: each is written one way, and unknown is never 0. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { counted, formatCount, formatShare, sum } from "../../../tui/text/counts.ts";
import { formatDuration, parseDuration } from "../../../tui/text/durations.ts";
import { formatBytes, formatLimit } from "../../../tui/text/sizes.ts";
import { formatAgo, formatTime } from "../../../tui/text/times.ts";

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1 KiB"],
  [4096, "4 KiB"],
  [1536, "1.5 KiB"],
  [1024 * 1024 - 1, "1 MiB"],
  [150.4 * 1024, "150 KiB"],
  [14.2 * 2 ** 30, "14.2 GiB"],
  [2 ** 50, "1 PiB"],
  [null, "?"],
])("%j bytes are %j", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test("a size has at most four digits before its unit", () => {
  fc.assert(
    fc.property(fc.nat(2 ** 31), fc.nat(2 ** 20), (a, b) => /^\d{1,4}(\.\d)? [KMGTP]?i?B$/.test(formatBytes(a * b))),
  );
});

test("limits and counts say unknown as ?", () => {
  expect(formatLimit("unlimited")).toBe("unlimited");
  expect(formatLimit(null)).toBe("?");
  expect(formatCount(null)).toBe("?");
  expect(formatCount(1_234_567)).toBe("1,234,567");
  expect(formatCount(999)).toBe("999");
  expect(counted(1, "file")).toBe("1 file");
  expect(counted(0, "process", "processes")).toBe("0 processes");
  expect(sum([null, null])).toBeNull();
  expect(sum([null, 3, 4])).toBe(7);
});

test.each([
  [0, 100, "0%"],
  [1, 1000, "<1%"],
  [99.9, 100, "99%"],
  [100, 100, "100%"],
  [100.5, 100, ">100%"],
  [5000, 100, ">999%"],
  [null, 100, "?"],
  [5, null, "?"],
  [5, "unlimited", "-"],
  [5, 0, ">100%"],
] as const)("%j of %j is %j", (part, whole, text) => {
  expect(formatShare(part, whole)).toBe(text);
});

describe("durations", () => {
  test.each([
    ["100ms", 100],
    ["1s", 1000],
    ["1.5s", 1500],
    ["2m", 120_000],
    ["2min", 120_000],
    ["1h", 3_600_000],
  ])("%s is %d ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(["", "0x1s", "1", "-1s", "1us", "1e9d", "1s1s", "1sec", "abc", "1 s", "s", "1.s", "٣s", "99999999999h"])(
    "%j is not one",
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  test.each([
    [450, "450 ms"],
    [2500, "2.5 s"],
    [9990, "10 s"],
    [30_900, "30 s"],
    [125_000, "2 min 5 s"],
    [3_780_000, "1 h 3 min"],
    [93_600_000, "1 d 2 h"],
  ])("%d ms are written %j", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

test("times are local on screens", () => {
  const time = new Date(2026, 10, 21, 9, 10, 5);
  expect(formatTime(time.toISOString())).toBe("2026-11-21 09:10:05");
  expect(formatTime("nonsense")).toBe("?");
  expect(formatAgo("2026-11-21T09:10:00.000Z", "2026-11-21T09:10:03.900Z")).toBe("3 s ago");
  expect(formatAgo("2026-11-21T09:10:00.000Z", "2026-11-21T09:10:00.100Z")).toBe("now");
});
