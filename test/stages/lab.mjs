// The truth suite again, inside each Debian kernel that test/lab boots. Knows of the lab only what guest.d.mts says.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as lab from "../lab/guest.mjs";
import { countsOf, one } from "./counts.mjs";

/** The guest's processor is emulated: the suite takes minutes there. */
const limitMs = 600_000;

/** @param {string} line */
const log = (line) => process.stdout.write(`lab: ${line}\n`);

/** Outside of CI the lab runs where QEMU is installed, and installs nothing on a person's machine. */
function canRun() {
  if (process.env.CI !== "true") process.env.SECRETSCOPE_NO_INSTALL ??= "1";
  return lab.canRun();
}

/**
 * @param {string} guest
 * @returns {Promise<import("./counts.d.mts").Counts>}
 */
async function run(guest) {
  const out = mkdtempSync(join(tmpdir(), "secretscope-lab-out-"));
  try {
    await lab.prepare(guest, { log });
    const reporters = ["--reporter=default", "--reporter=json", "--outputFile.json=/out/truth.json"];
    const command = ["node", "node_modules/vitest/vitest.mjs", "run", "--project", "truth", ...reporters];
    const result = await lab.run(guest, command, {
      out,
      log,
      timeoutMs: limitMs,
      env: process.env.CI === "true" ? { CI: "true" } : {},
      onOutput: (text) => process.stdout.write(text),
    });
    log(`${guest} booted in ${result.bootSeconds.toFixed(1)} s, ran ${result.seconds.toFixed(0)} s`);
    return countsOf(join(out, "truth.json"), result.status);
  } catch (error) {
    if (!(error instanceof lab.LabFailure)) throw error;
    log(error.message);
    // A guest that died half way may have left a report; without one nothing is known.
    return existsSync(join(out, "truth.json")) ? countsOf(join(out, "truth.json"), 1) : one(false);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** @type {readonly import("./counts.d.mts").Stage[]} */
export const labStages = lab.guests.map(({ name }) => ({
  name: `lab ${name}`,
  mustRun: true,
  canRun,
  run: () => run(name),
}));
