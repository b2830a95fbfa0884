// The vitest projects that run on this machine: unit anywhere, live and truth on its kernel.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missing, recipe } from "../../.ci/system-packages.mjs";
import { repository, runCommand } from "./command.mjs";
import { countsOf } from "./counts.mjs";

/** @typedef {import("./counts.d.mts").Stage} Stage */

/** @type {import("../../.ci/system-packages.mjs").Need[]} */
const forKernel = ["bpftrace", "compiler", "libc", "make"];

/**
 * @param {import("../../.ci/system-packages.mjs").Need[]} wanted
 * @returns {import("./counts.d.mts").Ability}
 */
function kernelCanBeWatched(wanted) {
  if (process.platform !== "linux") return { ok: false, reason: "needs Linux", remedy: "run it on Linux" };
  if (process.getuid?.() !== 0) return { ok: false, reason: "needs root", remedy: "sudo -E npm test" };
  const needs = missing(wanted);
  if (needs.length === 0) return { ok: true };
  const remedy = recipe(needs)?.command ?? `install ${needs.join(", ")}`;
  return { ok: false, reason: `not installed: ${needs.join(", ")}`, remedy };
}

/**
 * @param {string} project
 * @param {import("../../.ci/system-packages.mjs").Need[]} [needs] of the system, to run on its kernel
 * @returns {Stage}
 */
function project(project, needs) {
  return {
    name: project,
    mustRun: needs !== undefined,
    // Tests of this kernel wait most of the time; the lab's guests, which are nice, compute meanwhile.
    ...(needs === undefined ? {} : { lane: "this kernel" }),
    canRun: () => (needs === undefined ? { ok: true } : kernelCanBeWatched(needs)),
    run: async () => {
      const folder = mkdtempSync(join(tmpdir(), "secretscope-test-"));
      try {
        const report = join(folder, "report.json");
        const vitest = join(repository, "node_modules", "vitest", "vitest.mjs");
        const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
        const status = await runCommand(
          [process.execPath, vitest, "run", "--project", project, ...reporters],
          1_200_000,
        );
        return countsOf(report, status);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

export const unit = project("unit");
export const live = project("live", [...forKernel, "tmux", "jq", "sqlite"]);
export const truth = project("truth", forKernel);
