#!/usr/bin/env node
// `npm test`: the stages, and as the last line "N passed, N failed, N skipped". See stages/README.md.
import { check } from "./stages/check.mjs";
import { nothing, one } from "./stages/counts.mjs";
import { live, truth, unit } from "./stages/host.mjs";
import { labStages, serviceStage } from "./stages/lab.mjs";

/**
 * @typedef {import("./stages/counts.d.mts").Counts} Counts
 * @typedef {import("./stages/counts.d.mts").Stage} Stage
 */

const stages = [check, unit, live, truth, ...labStages, serviceStage];
const inCi = process.env.CI === "true";

/** @param {string} line */
const say = (line) => process.stdout.write(`${line}\n`);
/** @param {Counts} counts */
const summary = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`;

/**
 * "unit", "lab", "lab debian13", "unit live": none means all.
 * @param {readonly string[]} words
 * @returns {Stage[] | undefined} undefined: a word that names nothing
 */
function chosen(words) {
  const named = stages.map(({ name }) => name.split(" "));
  const among = (/** @type {number} */ part) => words.filter((word) => named.some((parts) => parts[part] === word));
  const [kinds, guests] = [among(0), among(1)];
  if (kinds.length + guests.length < words.length) return undefined;
  return stages.filter((_, index) => {
    const [kind = "", guest] = named[index] ?? [];
    const isKind = kinds.includes(kind) || (kinds.length === 0 && (guest !== undefined || guests.length === 0));
    return isKind && (guest === undefined || guests.length === 0 || guests.includes(guest));
  });
}

/**
 * Where nothing may be skipped, a skip is a failure.
 * @param {Stage} stage
 * @param {Counts} counts
 * @returns {Counts}
 */
function judged(stage, counts) {
  if (!inCi || !stage.mustRun || counts.skipped === 0) return counts;
  say(`CI=true: ${counts.skipped} skipped in ${stage.name} count as failed`);
  return { ...counts, failed: counts.failed + counts.skipped, skipped: 0 };
}

/**
 * @param {Stage} stage
 * @returns {Promise<Counts>}
 */
async function runStage(stage) {
  const ability = stage.canRun();
  if (!ability.ok) {
    say(`skipped: ${ability.reason}`);
    say(`to enable it: ${ability.remedy}`);
    return { ...nothing(), skipped: 1 };
  }
  try {
    const counts = await stage.run();
    for (const name of counts.skippedNames) say(`skipped: ${name}`);
    return counts;
  } catch (error) {
    say(`${stage.name}: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
    return one(false);
  }
}

const wanted = chosen(process.argv.slice(2));
if (wanted === undefined) {
  process.stderr.write(`test: there is no such stage; choose among: ${stages.map(({ name }) => name).join(", ")}\n`);
  process.exit(2);
}

const total = nothing();
/** @type {string[]} */
const table = [];
/** @type {string[]} */
const remarks = [];

/** @param {Stage} stage */
async function account(stage) {
  say(`\n== ${stage.name} ==`);
  const began = performance.now();
  const counts = judged(stage, await runStage(stage));
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  table.push(`${stage.name.padEnd(14)} ${seconds.padStart(7)} s   ${summary(counts)}`);
  remarks.push(...counts.secondAttempts.map((first) => `passed only at the second attempt in ${stage.name}: ${first}`));
  remarks.push(...counts.failures.map((failure) => `failed in ${stage.name}: ${failure}`));
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
}

/** @param {string | undefined} lane */
async function runLane(lane) {
  for (const stage of wanted ?? []) if (stage.lane === lane) await account(stage);
}

await runLane(undefined);
const lanes = new Set(wanted.flatMap(({ lane }) => lane ?? []));
await Promise.all(Array.from(lanes, runLane));
// Last, where whoever reads only the end of a long log finds it.
for (const remark of remarks) say(`\n${remark}`);
say(`\n${table.join("\n")}\n`);
say(summary(total));
process.exitCode = total.failed > 0 ? 1 : 0;
