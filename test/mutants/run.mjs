#!/usr/bin/env node
// Breaks the product once for each claim of mutants.mjs, in a copy, and runs the test that must fail on this kernel.
//   node test/mutants/run.mjs [part of a claim...]      needs what `npm test -- truth` needs
// Status 1: a fault that no test saw.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { mutants } from "./mutants.mjs";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const copy = mkdtempSync(join(tmpdir(), "secretscope-mutants-"));
process.on("exit", () => rmSync(copy, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));

const left = new Set([".git", "node_modules"]);
cpSync(repository, copy, {
  recursive: true,
  filter: (path) => !left.has(relative(repository, path).split("/").at(-1) ?? ""),
});
symlinkSync(join(repository, "node_modules"), join(copy, "node_modules"));

/** @param {readonly string[]} words */
const node = (words) => spawnSync(process.execPath, words, { cwd: copy, encoding: "utf8", maxBuffer: 1 << 28 });

function build() {
  const { status, stdout, stderr } = node([".ci/build.mjs"]);
  if (status !== 0) throw new Error(`the build failed:\n${stdout}${stderr}`);
}

/**
 * @param {import("./mutants.mjs").Mutant} mutant
 * @returns {{ passed: number, failed: string[] }} names of tests that failed, or what their preparation said
 */
function results({ suite, test }) {
  const report = join(copy, "report.json");
  rmSync(report, { force: true });
  const vitest = join(repository, "node_modules/vitest/vitest.mjs");
  const chosen = test === "" ? [] : ["--testNamePattern", test];
  const reporter = ["--reporter=json", `--outputFile=${report}`];
  node([vitest, "run", "--project", "truth", `test/truth/${suite}.test.ts`, ...chosen, ...reporter]);
  /** @type {{ testResults: { status: string, message: string, assertionResults: { status: string, title: string }[] }[] }} */
  const { testResults } = JSON.parse(readFileSync(report, "utf8"));
  const all = testResults.flatMap(({ assertionResults }) => assertionResults);
  const failed = all.filter(({ status }) => status === "failed").map(({ title }) => title);
  // A watch that counts wrongly is found out when it is started.
  const unprepared = testResults.filter(({ status }) => status === "failed" && failed.length === 0);
  failed.push(
    ...unprepared.map(({ message }) => message.split("\n")[0] || "what is prepared for all tests of the file"),
  );
  return { passed: all.filter(({ status }) => status === "passed").length, failed };
}

const wanted = process.argv.slice(2);
const chosen = mutants.filter(({ claim }) => wanted.length === 0 || wanted.some((part) => claim.includes(part)));
/** @type {Map<string, boolean>} */
const controls = new Map();
let survived = 0;
for (const mutant of chosen) {
  const path = join(copy, mutant.file);
  const text = readFileSync(path, "utf8");
  const parts = text.split(mutant.from);
  if (parts.length !== 2) throw new Error(`${mutant.claim}: ${parts.length - 1} places in ${mutant.file}`);
  const name = `${mutant.suite} ${mutant.test}`;
  if (!controls.has(name)) {
    build();
    const { passed, failed } = results(mutant);
    controls.set(name, passed > 0 && failed.length === 0);
  }
  writeFileSync(path, parts.join(mutant.to));
  try {
    build();
    const { failed } = results(mutant);
    const passesWithout = controls.get(name) === true;
    const seen = failed[0] === undefined ? "NOT SEEN" : `seen by: ${failed[0]}`;
    if (!passesWithout || failed.length === 0) survived++;
    const verdict = passesWithout ? seen : "proves nothing: the test does not pass without the fault either";
    process.stdout.write(`${mutant.claim.padEnd(60)} ${mutant.suite}: ${verdict}\n`);
  } finally {
    writeFileSync(path, text);
  }
}
process.stdout.write(`${chosen.length - survived} of ${chosen.length} faults were seen\n`);
process.exitCode = survived > 0 || chosen.length === 0 ? 1 : 0;
