/** Rules out of YAML: what is right is read, what is wrong is said with its place, and no text does harm. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readRules } from "../../../collector/alerts/readRules.ts";
import { defaultRulesPath, readRuleFile } from "../../../collector/alerts/ruleFile.ts";

const rule = (...lines: string[]) => `rules:\n  - name: a\n${lines.map((line) => `    ${line}\n`).join("")}`;
const said = (source: string) =>
  readRules(source).mistakes.map(({ line, column, text, suggestion }) => ({
    at: `${line}:${column}`,
    text,
    suggestion,
  }));

test("the rules that come with it have no mistake, and are more than ten", () => {
  const { rules, mistakes } = readRuleFile(defaultRulesPath);
  expect(mistakes).toEqual([]);
  expect(rules.length).toBeGreaterThan(10);
});

test("every key of a rule is read", () => {
  const source = rule(
    "figure: splits_per_minute",
    "cause: bpf",
    "above: 60",
    "for: 5m",
    "clear: {at: 30, for: 90s}",
    "every: 4h",
    "labels: {severity: page}",
    'message: "{value} of {who}"',
  );
  expect(readRules(source)).toEqual({
    mistakes: [],
    rules: [
      {
        name: "a",
        figure: "splits_per_minute",
        cause: "bpf",
        threshold: { side: "above", value: 60, clearAt: 30 },
        forNs: 300_000_000_000n,
        clearForNs: 90_000_000_000n,
        everyNs: 14_400_000_000_000n,
        labels: { severity: "page" },
        message: "{value} of {who}",
      },
    ],
  });
});

test.each([
  [["figure: splits_per_minut", "above: 60"], "3:13", "no figure", "splits_per_minute"],
  [["figure: secret_share", "abov: 60%", "below: 1%"], "4:5", 'no "abov"', "above"],
  [["figure: secret_share", "above: 60"], "4:12", "6000%", "60%"],
  [["figure: secret_share", "above: 60%", 'message: "{valu}"'], "5:14", "{valu}", "{value}"],
  [["figure: splits_per_minute", "cause: modul", "above: 1"], "4:12", "no cause", "module"],
  [["figure: secret_share", "cause: bpf", "above: 1%"], "4:5", "has no causes", null],
  [["figure: secret_share", "above: 1%", "below: 2%"], "5:5", "only one comparison", null],
  [["figure: secret_share", "above: 1%", "for: 5"], "5:10", "like 30s", null],
  [["figure: secret_share", "above: 10%", "clear: {at: 20%}"], "5:12", "not higher", null],
  [["figure: hibernation_blocked", "above: 1"], "4:5", "is: yes", null],
  [["figure: secret_share", "above: .nan"], "4:12", "a share", null],
  [["figure: unheld_bytes", "above: 5%"], "4:12", "a size", null],
  [["figure: secret_share", "above: 1%", "labels: {__proto__: x}"], "5:14", "a label", null],
  [["figure: secret_share", "above: 1%", "above: 2%"], "5:5", "twice", null],
  [["figure: [1, 2]", "above: 1%"], "3:13", "a list", null],
] as [string[], string, string, string | null][])("%j", (lines, at, text, suggestion) => {
  expect(said(rule(...lines))).toContainEqual({ at, text: expect.stringContaining(text), suggestion });
});

test.each([
  ["", "the file"],
  ["rules: 5", "is a list"],
  ["- a", "is a mapping"],
  ["rules:\n  - &a {name: x}\n  - *a", "an anchor"],
  [`a: &a [x]\nb: &b [*a, *a]`, "an anchor"],
  ["rules: !!js/function 'x'", "a tag"],
  ["[".repeat(100_000), "nested too deeply"],
  ["{a: ".repeat(100_000), "nested too deeply"],
  ["- ".repeat(9_999), "nested too deeply"],
  ["- a\n".repeat(100_000), "at most 10000"],
  ["---\n".repeat(100_000), "one document"],
  ["x".repeat(4 * 2 ** 20 + 1), "at most 4 MiB"],
])("hostile text %#", (source, text) => {
  expect(said(source)).toEqual([{ at: expect.any(String), text: expect.stringContaining(text), suggestion: null }]);
});

test("a file that is too large is not read", () => {
  const folder = mkdtempSync(join(tmpdir(), "alerts-"));
  const file = join(folder, "rules.yaml");
  writeFileSync(file, "");
  truncateSync(file, 2 ** 33);
  try {
    expect(() => readRuleFile(file)).toThrow("larger than 4 MiB");
    expect(() => readRuleFile(folder)).toThrow("is no file");
    expect(() => readRuleFile("/dev/zero")).toThrow("is no file");
    expect(() => readRuleFile(join(folder, "none"))).toThrow("no such file");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("any text gives rules or mistakes, and never throws", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "rules:",
      "\n  - ",
      "name: a",
      "\n    ",
      "figure: ",
      "secret_share",
      "above: ",
      "60%",
      "{",
      "}",
      "[",
      "&",
      "*",
    ),
    fc.string({ unit: "binary", maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const { rules, mistakes } = readRules(pieces.join(""));
      return rules.length > 0 || mistakes.length > 0;
    }),
    { numRuns: 100 },
  );
});
