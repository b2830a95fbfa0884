/** Claim: the numbers behind flags are read from what the running kernel prints, however it spells them. */
import { describe, expect, test } from "vitest";
import { evaluate, flagValue } from "../../../probes/kernel/gfp.ts";
import { recordedSeries, recordedTracefs } from "./kernels.ts";

describe.each(recordedSeries)("the format of %s", (series) => {
  const print = recordedTracefs(series).tracepoint("kmem:mm_page_alloc")?.print ?? "";

  test.each([
    ["GFP_KERNEL", 0xcc0],
    ["GFP_USER", 0x100cc0],
    ["GFP_KERNEL_ACCOUNT", 0x400cc0],
    ["__GFP_ZERO", 0x100],
    ["__GFP_COMP", 0x40000],
    ["__GFP_DIRECT_RECLAIM", 0x400],
  ])("%s", (name, value) => {
    expect(flagValue(print, name)).toBe(value);
  });

  test("every flag that it names has a number", () => {
    const names = [...print.matchAll(/, "(\w+)"\}/g)].map(([, name = ""]) => name);
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) expect(flagValue(print, name), name).toBeGreaterThan(0);
  });

  test("a flag that it does not name has none", () => {
    expect(flagValue(print, "GFP_NO_SUCH")).toBeUndefined();
  });
});

describe("expressions", () => {
  test.each([
    ["1", 1],
    ["0x10u", 16],
    ["1UL << 4", 16],
    ["(1 | 2) & ~2", 1],
    ["( gfp_t)(0x400u|0x800u)", 0xc00],
    ["((((1UL))) << (10))", 1024],
    ["1 << 2 << 3", 32],
  ])("%s is %i", (text, value) => {
    expect(evaluate(text)).toBe(value);
  });

  test.each(["", "(", "1 |", "name", "1 2", "(1", "1)", "~", "<<", "f(1)", "1 + 1"])("%j is not one", (text) => {
    expect(evaluate(text)).toBeUndefined();
  });
});
