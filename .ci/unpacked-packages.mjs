// Programs that tests run against and that come with a service of their own (Prometheus, Alertmanager): Debian's packages
// are unpacked into a folder in the cache instead of installed, so that no service starts and nothing of the system changes.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./cache-folder.mjs";
import { onPath } from "./system-packages.mjs";

/** @type {Readonly<Record<string, readonly string[]>>} program in /usr/bin: the packages that may have it */
const packagesOf = {
  prometheus: ["prometheus"],
  // A package of its own since Debian 13.
  promtool: ["prometheus", "promtool"],
  "prometheus-alertmanager": ["prometheus-alertmanager"],
  amtool: ["prometheus-alertmanager"],
};

const folder = cacheFolder("tools");

/** @param {string} program @returns {string | undefined} what to start; undefined when it is not here */
export function unpackedProgram(program) {
  return pathOf(program) ?? (onPath(program) ? program : undefined);
}

/**
 * Debian's servers look for their data under /usr/share by absolute paths. In a mount namespace of their own they find
 * there what was unpacked; as the same process, so that a signal reaches it. Takes root, as all tests of live do.
 * @param {string} program @returns {[string, ...string[]] | undefined}
 */
export function unpackedServer(program) {
  const path = pathOf(program);
  if (path === undefined) return onPath(program) ? [program] : undefined;
  const share = join(path, "../../share");
  return ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /usr/share && exec "$@"', share, path];
}

/** @param {string} program */
function pathOf(program) {
  const paths = possiblePackages(program).map((name) => join(folder, name, "usr", "bin", program));
  return paths.find((path) => existsSync(path));
}

/** @param {string} program */
function possiblePackages(program) {
  const names = packagesOf[program];
  if (names === undefined) throw new Error(`no package is known to have ${program}`);
  return names;
}

export function missingPrograms() {
  return Object.keys(packagesOf).filter((program) => !unpackedProgram(program));
}

/** What a person may type instead. @param {readonly string[]} programs */
export const unpackCommand = (programs) =>
  `apt-get download ${[...new Set(programs.map((program) => possiblePackages(program).at(-1)))].join(" ")}`;

/** @returns {boolean} whether this machine has what unpacking takes */
export const canUnpack = () => onPath("apt-get") && onPath("dpkg-deb");

/**
 * Downloads and unpacks the packages that may have them, until one has; what the tools say goes to standard error.
 * @param {readonly string[]} programs
 */
export function unpack(programs) {
  for (const program of programs) {
    for (const name of possiblePackages(program)) if (!unpackedProgram(program)) unpackPackage(name);
  }
}

/** @param {string} name */
function unpackPackage(name) {
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, "unpacking-"));
  /** @param {string} program @param {string[]} args */
  const run = (program, ...args) => spawnSync(program, args, { cwd: work, stdio: ["ignore", 2, 2] }).status === 0;
  try {
    // Lists may be missing or old; only root can mend that, and old ones are often good enough.
    const got = () => run("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", name);
    if (!got() && !(run("apt-get", "-qq", "update") && got())) return;
    const file = readdirSync(work).find((each) => each.startsWith(`${name}_`));
    if (!file || !run("dpkg-deb", "-x", file, name)) return;
    rmSync(join(folder, name), { recursive: true, force: true });
    // Whole or not at all: another run may look meanwhile.
    renameSync(join(work, name), join(folder, name));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
