// The truth suite again, inside each Debian kernel that test/lab boots, and the service under a guest's systemd. Knows of
// the lab only what guest.d.mts says.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as lab from "../lab/guest.mjs";
import { secretwork } from "../workload/build.mjs";
import { repository } from "./command.mjs";
import { countsOf, one } from "./counts.mjs";

/** The guests' processors are emulated, and four share this machine: a guest takes 17 minutes then, on a slow day twice as long. */
const limitMs = 4_200_000;
/** An emulated kernel may fall over while it boots and patches its own code; that says nothing about the suite. */
const bootAttempts = 3;
/** A hundredth of an emulated core would make every look at /proc wait for minutes. */
const guestEnvironment = {
  SECRETSCOPE_LOOK_SHARE: "0.5",
  NODE_OPTIONS: `--require ${join(repository, "test/lab/inside/few-translations.cjs")}`,
};

/**
 * Guests run side by side: each line says whose it is.
 * @param {string} name
 */
function prefixed(name) {
  let rest = "";
  return {
    /** @param {string} line */
    log: (line) => process.stdout.write(`${name}| ${line}\n`),
    /** @param {string} text */
    text: (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) process.stdout.write(`${name}| ${line}\n`);
    },
  };
}

/** Outside of CI the lab runs where QEMU is installed, and installs nothing on a person's machine. */
function canRun() {
  if (process.env.CI !== "true") process.env.SECRETSCOPE_NO_INSTALL ??= "1";
  return lab.canRun();
}

/**
 * @param {string} guest
 * @param {string} project of vitest.config.ts
 * @param {{ systemd?: boolean }} [options]
 * @returns {Promise<import("./counts.d.mts").Counts>}
 */
async function run(guest, project, options = {}) {
  const out = mkdtempSync(join(tmpdir(), "secretscope-lab-out-"));
  const { log, text } = prefixed(guest);
  try {
    // Guests have no compiler: they run what was built here.
    secretwork();
    await lab.prepare(guest, { log });
    const reporters = ["--reporter=default", "--reporter=json", "--outputFile.json=/out/report.json"];
    const command = ["node", "node_modules/vitest/vitest.mjs", "run", "--project", project, ...reporters];
    const result = await booted(guest, command, {
      ...options,
      out,
      log,
      timeoutMs: limitMs,
      env: { ...guestEnvironment, ...(process.env.CI === "true" ? { CI: "true" } : {}) },
      onOutput: text,
    });
    log(`booted in ${result.bootSeconds.toFixed(1)} s, ran ${result.seconds.toFixed(0)} s`);
    return countsOf(join(out, "report.json"), result.status);
  } catch (error) {
    if (!(error instanceof lab.LabFailure)) throw error;
    log(error.message);
    // A guest that died half way may have left a report; without one nothing is known.
    return existsSync(join(out, "report.json")) ? countsOf(join(out, "report.json"), 1) : one(false);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/**
 * Boots again when the kernel fell over before the command printed anything.
 * @param {string} guest
 * @param {string[]} command
 * @param {import("../lab/guest.mjs").RunOptions} options
 */
async function booted(guest, command, options) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await lab.run(guest, command, options);
    } catch (error) {
      const early = error instanceof lab.LabFailure && error.output === "" && ["panic", "boot"].includes(error.kind);
      if (!early || attempt === bootAttempts) throw error;
      options.log?.(`${error.message.split("\n")[0]}; booting it again (${attempt + 1} of ${bootAttempts})`);
    }
  }
}

/** @type {readonly import("./counts.d.mts").Stage[]} */
export const labStages = lab.guests.map(({ name }) => ({
  name: `lab ${name}`,
  lane: name,
  mustRun: true,
  canRun,
  run: () => run(name, "truth"),
}));

/** On the oldest systemd that the unit is for. */
export const serviceStage = {
  name: "service debian12",
  lane: "service",
  mustRun: true,
  canRun,
  run: () => run("debian12", "service", { systemd: true }),
};
