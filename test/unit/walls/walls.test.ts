/** The walls of the house (docs/design.md): who may know whom. Read from the import statements of every source file. */
import { describe, expect, test } from "vitest";
import { allNames, codeOf, importsOf, sourceFiles } from "./sources.ts";

const wrapper = sourceFiles("probes/bpftrace-wrapper/src");
const probes = sourceFiles("probes").filter(({ path }) => !path.startsWith("probes/bpftrace-wrapper/"));
const collector = sourceFiles("collector");
const tui = sourceFiles("tui");
const all = [...wrapper, ...probes, ...collector, ...tui];

/** `file: what it imports` for each import that breaks the rule. */
const breaches = (files: typeof all, isBreach: (imported: string, path: string) => boolean) =>
  files.flatMap(({ path, imports }) =>
    imports.filter((each) => isBreach(each, path)).map((each) => `${path}: ${each}`),
  );

/** `file: the words` for each place in the code. */
const mentions = (files: typeof all, words: RegExp) =>
  files.flatMap(({ path, text }) => (codeOf(text).match(words) ?? []).map((word) => `${path}: ${word}`));

const isPure = (path: string) =>
  path.startsWith("collector/ledger/") || /^collector\/(events|snapshot|units)\.ts$/.test(path);
const pure = collector.filter(({ path }) => isPure(path));

test("there is something to look at", () => {
  for (const files of [wrapper, probes, collector, tui, pure]) expect(files.length).toBeGreaterThan(5);
  expect(all.flatMap(({ imports }) => imports).length).toBeGreaterThan(200);
});

describe("who imports whom", () => {
  test("the wrapper imports nothing but itself and node:", () => {
    expect(
      breaches(wrapper, (each) => !each.startsWith("node:") && !each.startsWith("probes/bpftrace-wrapper/src/")),
    ).toEqual([]);
  });

  test("others know the wrapper by its name, not by its files", () => {
    expect(breaches([...probes, ...collector, ...tui], (each) => each.startsWith("probes/bpftrace-wrapper/"))).toEqual(
      [],
    );
  });

  test("the ledger and the vocabulary import only themselves, and of the probes their words", () => {
    expect(breaches(pure, (each) => !isPure(each) && each !== "probes/words.ts")).toEqual([]);
  });

  test("probes/ does not import the collector", () => {
    expect(breaches(probes, (each) => /^(collector|tui)\//.test(each))).toEqual([]);
  });

  test("tui/ asks the collector, never the probes", () => {
    expect(breaches(tui, (each) => each.startsWith("probes/") || each === "bpftrace-wrapper")).toEqual([]);
  });

  test("nothing imports tui/", () => {
    expect(breaches([...wrapper, ...probes, ...collector], (each) => each.startsWith("tui/"))).toEqual([]);
  });

  test("blessed is the dashboard's, Ts.ED the composition root's", () => {
    expect(breaches(all, (each, path) => /^blessed/.test(each) && !path.startsWith("tui/dashboard/"))).toEqual([]);
    expect(breaches([...wrapper, ...probes, ...tui], (each) => each.startsWith("@tsed/"))).toEqual([]);
  });

  test("every import leads to a file that is there", () => {
    const files = new Set(all.map(({ path }) => path));
    expect(breaches(all, (each) => /^(probes|collector|tui)\//.test(each) && !files.has(each))).toEqual([]);
  });
});

describe("what is not done where", () => {
  test("the ledger asks no clock and no process", () => {
    const clocks =
      /\bDate\.now\b|\bperformance\b|\bprocess\.(?:hrtime|uptime|env|argv|cwd|memoryUsage|cpuUsage|nextTick|on)\b|\bnew Date\(\s*\)|\bset(?:Timeout|Interval)\b|\bMath\.random\b/g;
    expect(mentions(pure, clocks)).toEqual([]);
  });

  test("/proc and /sys are read by the sources and by probes/kernel, and by nobody else", () => {
    const reader = /^(collector\/sources|probes\/kernel)\//;
    const others = [...probes, ...collector, ...tui].filter(({ path }) => !reader.test(path));
    const opened = others.flatMap(({ path, text }) =>
      (text.match(/\w*(?:read|open|stat|access|exists)\w*\(\s*[`"']\/(?:proc|sys)\b[^)]*/gi) ?? []).map(
        (call) => `${path}: ${call}`,
      ),
    );
    expect(opened).toEqual([]);
  });

  test("no `any`", () => {
    expect(mentions(all, /(?::|\bas|<|,)\s*any\b(?!\s*\()/g)).toEqual([]);
  });

  test("no unfinished business", () => {
    expect(all.filter(({ text }) => /\b(TODO|FIXME|XXX)\b/.test(text)).map(({ path }) => path)).toEqual([]);
  });
});

describe("names and sizes", () => {
  test("no file or folder is called utils, helpers, manager or misc", () => {
    const names = allNames("probes", "collector", "tui", "test");
    expect(names.length).toBeGreaterThan(100);
    expect(
      names.filter((name) =>
        /(^|[/._-])(utils?|helpers?|managers?|misc)([/._-]|$)|(Utils?|Helpers?|Manager)\b/.test(name),
      ),
    ).toEqual([]);
  });

  test("no source file has more than 300 lines, and nine in ten have at most 200", () => {
    expect(all.filter(({ lines }) => lines > 300).map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
    expect(all.filter(({ lines }) => lines > 200).length / all.length).toBeLessThan(0.1);
  });
});

describe("the reader of imports itself", () => {
  test.each([
    ['import { a } from "./b.ts";', "x/b.ts"],
    ['import type { a } from "../b.ts";', "b.ts"],
    ['import {\n  a,\n  type b,\n} from "../y/b.ts";', "y/b.ts"],
    ['export { a } from "./b.ts";', "x/b.ts"],
    ['export * from "./b.ts";', "x/b.ts"],
    ['import "./b.ts";', "x/b.ts"],
    ['const b = await import("./b.ts");', "x/b.ts"],
    ['type B = import("./b.ts").B;', "x/b.ts"],
    ['createRequire(import.meta.url)("koffi")', "koffi"],
    ["import fs from 'node:fs';", "node:fs"],
  ])("%s", (text, imported) => {
    expect(importsOf("x/a.ts", text)).toEqual([imported]);
  });

  test("comments and strings are not code", () => {
    expect(codeOf('a(); // Date.now()\n/* performance */ b("new Date()");')).toBe('a(); \n b("");');
  });
});
