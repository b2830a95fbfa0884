// The lab's whole interface; documented in guest.d.mts.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { boot } from "./boot.mjs";
import { emulator } from "./emulator.mjs";
import { LabFailure } from "./failure.mjs";
import { image } from "./image.mjs";
import { guests } from "./recipe.mjs";
import { canRun, install } from "./requirements.mjs";
import { shellWord } from "./shell-word.mjs";

export { canRun, guests, LabFailure };

/** @typedef {import("./guest.d.mts").Guest} Guest */
/** @typedef {import("./guest.d.mts").Log} Log */
/** @typedef {import("./guest.d.mts").RunOptions} RunOptions */

const repository = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** @param {Guest | string} guest */
function known(guest) {
  const found = typeof guest === "string" ? guests.find((each) => each.name === guest) : guest;
  if (!found)
    throw new LabFailure("prepare", `no guest "${guest}"; there are: ${guests.map((g) => g.name).join(", ")}`);
  return found;
}

/**
 * @param {Guest | string} guest
 * @param {{ log?: Log | undefined, signal?: AbortSignal | undefined }} [options]
 */
export async function prepare(guest, { log = () => {}, signal } = {}) {
  const recipe = known(guest);
  install(log);
  return { emulator: await emulator(log, signal), image: await image(recipe, log, signal) };
}

/**
 * @param {Guest | string} guest
 * @param {readonly string[]} command
 * @param {RunOptions} [options]
 */
export async function run(guest, command, options = {}) {
  const { name } = known(guest);
  const prepared = await prepare(guest, { log: options.log, signal: options.signal });
  const temporary = mkdtempSync(join(tmpdir(), "secretscope-lab-"));
  try {
    const job = join(temporary, "job");
    const out = resolve(options.out ?? join(temporary, "out"));
    for (const each of [job, out]) mkdirSync(each, { recursive: true });
    copyFileSync(fileURLToPath(new URL("inside/guest-init.sh", import.meta.url)), join(job, "guest-init.sh"));
    writeFileSync(join(job, "settings.sh"), settings(name, options));
    writeFileSync(join(job, "command.sh"), script(name, command, options));
    return await boot({ name, ...prepared, job, repository, out }, options);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/**
 * @param {string} name
 * @param {RunOptions} options
 */
function settings(name, options) {
  return [
    `guest_name=${shellWord(name)}`,
    `repository=${shellWord(repository)}`,
    `interactive=${options.interactive ? 1 : 0}`,
    `systemd=${options.systemd ? 1 : 0}`,
    "",
  ].join("\n");
}

/**
 * @param {string} name
 * @param {readonly string[]} command
 * @param {RunOptions} options
 */
function script(name, command, options) {
  const { columns, rows } = process.stdout;
  const environment = {
    HOME: "/root",
    LANG: "C.UTF-8",
    TERM: options.interactive ? (process.env.TERM ?? "linux") : "dumb",
    // Tells a program that it runs in the lab, and where.
    SECRETSCOPE_LAB: name,
    ...options.env,
  };
  return [
    ...Object.entries(environment).map(([key, value]) => `export ${key}=${shellWord(value)}`),
    // A serial line does not carry the size of the terminal.
    ...(options.interactive && columns ? [`stty rows ${rows} cols ${columns}`] : []),
    `cd ${shellWord(repository)}`,
    `exec ${command.map(shellWord).join(" ")}`,
    "",
  ].join("\n");
}
