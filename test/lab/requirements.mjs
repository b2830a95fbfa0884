// What the host needs to build and boot a guest, and how it gets it.
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { LabFailure } from "./failure.mjs";

/** @typedef {import("./guest.d.mts").Ability} Ability */
/** @typedef {import("./guest.d.mts").Log} Log */

/** Program to Debian package. */
const needed = new Map([
  ["qemu-system-x86_64", "qemu-system-x86"],
  ["mmdebstrap", "mmdebstrap"],
  ["setpriv", "util-linux"],
  ["flock", "util-linux"],
  ["tar", "tar"],
]);

/** @param {string} program */
function onPath(program) {
  return (process.env.PATH ?? "").split(":").some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** @returns {string[]} Debian packages that are missing */
function missingPackages() {
  const packages = [...needed].filter(([program]) => !onPath(program)).map(([, name]) => name);
  return [...new Set(packages)];
}

/**
 * Whether this machine can run guests: now, or after `install` has run.
 * @returns {Ability}
 */
export function canRun() {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return { ok: false, reason: "the guests are x86-64 Linux", remedy: "use an x86-64 Linux machine" };
  }
  if (process.getuid?.() !== 0) {
    return { ok: false, reason: "building a guest's root file system needs root", remedy: "run as root (sudo -E)" };
  }
  const packages = missingPackages();
  if (packages.length === 0) return { ok: true };
  const remedy = `apt-get install --no-install-recommends ${packages.join(" ")}`;
  const reason = `not installed: ${packages.join(", ")}`;
  if (process.env.SECRETSCOPE_NO_INSTALL === "1") {
    return { ok: false, reason: `${reason} (SECRETSCOPE_NO_INSTALL=1 forbids installing)`, remedy };
  }
  if (!onPath("apt-get")) return { ok: false, reason: `${reason}, and there is no apt-get`, remedy };
  return { ok: true };
}

/**
 * Installs what is missing, having said so.
 * @param {Log} log
 */
export function install(log) {
  const ability = canRun();
  if (!ability.ok) throw new LabFailure("prepare", `${ability.reason}; remedy: ${ability.remedy}`);
  const packages = missingPackages();
  if (packages.length === 0) return;
  log(`installing on this machine: ${packages.join(" ")} (SECRETSCOPE_NO_INSTALL=1 turns this off)`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [
    ["-qq", "update"],
    ["-qq", "-y", "install", "--no-install-recommends", ...packages],
  ]) {
    const { status, stderr } = spawnSync("apt-get", args, { env, encoding: "utf8" });
    if (status !== 0) throw new LabFailure("prepare", `apt-get ${args.join(" ")} failed:\n${stderr}`);
  }
}
