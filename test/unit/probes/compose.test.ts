/** Claim: programs with places become one text, and a place without a value is a mistake that is told at once. */
import { describe, expect, test } from "vitest";
import { fill, readProgram, withoutComments } from "../../../probes/compose.ts";

describe("places", () => {
  test("are filled, each time they come, with values that have places of their own", () => {
    expect(fill("a {{x}} b {{x}} {{y.z}}", { x: "1 {{y.z}}", "y.z": "2" })).toBe("a 1 2 b 1 2 2");
  });

  test("a value with $ signs is taken as it is", () => {
    expect(fill("{{x}}", { x: "$s = $& $1" })).toBe("$s = $& $1");
  });

  test("without a value: told by name", () => {
    expect(() => fill("{{nothing}}", {})).toThrow("{{nothing}}");
  });

  test("that lead back to themselves: told, not followed for ever", () => {
    expect(() => fill("{{x}}", { x: "{{y}}", y: "{{x}}" })).toThrow("refers to itself");
  });
});

test("comments stay with the sources, what only looks like one does not", () => {
  expect(withoutComments("// one\nBEGIN { // two\n  // three\n}")).toBe("BEGIN { // two\n}");
});

test("a program that the package lacks is a broken installation", () => {
  expect(() => readProgram("pages", "no-such.bt")).toThrow(/ENOENT/);
  expect(readProgram("pages", "tracepoint.bt")).toContain("mm_filemap_add_to_page_cache");
});
