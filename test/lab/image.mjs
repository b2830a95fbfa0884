// Builds a guest's root file system and kernel once, and keeps them in the cache.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { builtOnce } from "./cache.mjs";
import { imageName } from "./recipe.mjs";
import { shellWord } from "./shell-word.mjs";

/** @typedef {import("./guest.d.mts").Guest} Guest */
/** @typedef {import("./guest.d.mts").Log} Log */
/** @typedef {import("./step.mjs").Step} Step */

/**
 * @param {Guest} guest
 * @param {Log} log
 * @param {AbortSignal} [signal]
 * @returns {Promise<string>} the image's folder: the guest's root file system, kernel and initramfs in its /boot
 */
export function image(guest, log, signal) {
  /** @param {Step} step @param {string} folder @param {string} logFile */
  const build = async (step, folder, logFile) => {
    await addFiles(step, guest, folder, logFile, log);
    if (guest.nodePackage) await addNode(step, guest.nodePackage, folder, log);
    await step(["chroot", folder, "node", "--version"]);
    return `kernel ${readFileSync(join(folder, "boot", "release"), "utf8").trim()}`;
  };
  return builtOnce(guest.name, imageName(guest), build, log, signal);
}

/**
 * @param {Step} step
 * @param {Guest} guest
 * @param {string} folder
 * @param {string} logFile
 * @param {Log} log
 */
async function addFiles(step, guest, folder, logFile, log) {
  const inside = fileURLToPath(new URL("inside/", import.meta.url));
  const quiet = ["man", "doc", "locale", "info"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
  const command = [
    "mmdebstrap",
    "--mode=root",
    "--variant=minbase",
    // Testing's Release file can be older than it allows when a mirror lags; packages are still signed.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    '--aptopt=Apt::Install-Recommends "false"',
    ...quiet,
    `--include=${guest.packages.join(",")}`,
    `--customize-hook=upload ${shellWord(`${inside}initramfs-init.sh`)} /boot/initramfs-init.sh`,
    `--customize-hook=chroot "$1" sh < ${shellWord(`${inside}add-kernel.sh`)}`,
    // The directories of a running system that only the guest fills.
    '--customize-hook=mkdir -p "$1/lab" "$1/out"',
    guest.suite,
    folder,
    ...guest.sources,
  ];
  const stages = /^I: (running apt-get update|downloading packages|extracting archives|installing \w+ packages)/;
  await step(
    command,
    (line) => {
      const stage = stages.exec(line)?.[1] ?? (line.includes("add-kernel.sh") ? "adding the kernel" : undefined);
      if (stage) log(`${guest.name}: ${stage}`);
    },
    logFile,
  );
}

/**
 * @param {Step} step
 * @param {string} nodePackage
 * @param {string} folder
 * @param {Log} log
 */
async function addNode(step, nodePackage, folder, log) {
  log(`fetching ${nodePackage} from the npm registry`);
  const unpacked = join(folder, "usr", "local");
  const name = { value: "" };
  await step(["npm", "pack", "--silent", "--pack-destination", unpacked, nodePackage], (line) => {
    if (line.endsWith(".tgz")) name.value = line.trim();
  });
  const archive = join(unpacked, name.value);
  await step(["tar", "-xzf", archive, "-C", unpacked, "--strip-components=1", "--no-same-owner", "package/bin/node"]);
  await step(["rm", archive]);
}
