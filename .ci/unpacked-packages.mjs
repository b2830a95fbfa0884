// Programs that tests run against and that come with a service of their own (Prometheus, Alertmanager): Debian's packages
// are unpacked into a folder in the cache instead of installed, so that no service starts and nothing of the system changes.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { onPath } from "./system-packages.mjs";

/** @type {Readonly<Record<string, readonly string[]>>} program in /usr/bin: the packages that may have it */
const packagesOf = {
  prometheus: ["prometheus"],
  // A package of its own since Debian 13.
  promtool: ["prometheus", "promtool"],
  "prometheus-alertmanager": ["prometheus-alertmanager"],
  amtool: ["prometheus-alertmanager"],
};

const cache = process.env.SECRETSCOPE_CACHE || join(homedir(), ".cache", "secretscope");
const folder = join(cache, "tools");

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

/** For each program that is not here, the first package that may have it and was not unpacked before. */
export function missingPackages() {
  const programs = Object.keys(packagesOf).filter((program) => !unpackedProgram(program));
  const next = (/** @type {string} */ program) => {
    const names = possiblePackages(program);
    return names.find((name) => !existsSync(join(folder, name))) ?? names[0] ?? program;
  };
  return [...new Set(programs.map(next))];
}

/** What a person may type instead. @param {readonly string[]} names */
export const unpackCommand = (names) => `apt-get download ${names.join(" ")}`;

/** @returns {boolean} whether this machine has what unpacking takes */
export const canUnpack = () => onPath("apt-get") && onPath("dpkg-deb");

/**
 * Downloads and unpacks; what the tools say goes to standard error.
 * @param {readonly string[]} names
 */
export function unpack(names) {
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, "unpacking-"));
  /** @param {string} program @param {string[]} args */
  const run = (program, ...args) => spawnSync(program, args, { cwd: work, stdio: ["ignore", 2, 2] }).status === 0;
  try {
    // Lists may be missing or old; only root can mend that, and old ones are often good enough.
    const got = () => run("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", ...names);
    if (!got() && !(run("apt-get", "-qq", "update") && got())) return;
    for (const name of names) {
      const file = readdirSync(work).find((each) => each.startsWith(`${name}_`));
      if (!file || !run("dpkg-deb", "-x", file, name)) continue;
      rmSync(join(folder, name), { recursive: true, force: true });
      // Whole or not at all: another run may look meanwhile.
      renameSync(join(work, name), join(folder, name));
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
