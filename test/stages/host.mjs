// The vitest projects that run on this machine: unit anywhere, live and truth on its kernel.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missing, recipe } from "../../.ci/system-packages.mjs";
import { repository, runCommand } from "./command.mjs";
import { countsOf } from "./counts.mjs";

/** @typedef {import("./counts.d.mts").Stage} Stage */

/** @returns {import("./counts.d.mts").Ability} */
function kernelCanBeWatched() {
  if (process.platform !== "linux") return { ok: false, reason: "needs Linux", remedy: "run it on Linux" };
  if (process.getuid?.() !== 0) return { ok: false, reason: "needs root", remedy: "sudo -E npm test" };
  const needs = missing(["bpftrace", "compiler", "libc", "make"]);
  if (needs.length === 0) return { ok: true };
  const remedy = recipe(needs)?.command ?? `install ${needs.join(", ")}`;
  return { ok: false, reason: `not installed: ${needs.join(", ")}`, remedy };
}

/**
 * @param {string} project
 * @param {boolean} onKernel
 * @returns {Stage}
 */
function project(project, onKernel) {
  return {
    name: project,
    mustRun: onKernel,
    canRun: onKernel ? kernelCanBeWatched : () => ({ ok: true }),
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

export const unit = project("unit", false);
export const live = project("live", true);
export const truth = project("truth", true);
