// The QEMU that runs the guests: the machine's own, or a newer one that changes nothing on the machine.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { builtOnce } from "./cache.mjs";

/** @typedef {import("./guest.d.mts").Log} Log */
/** @typedef {import("./step.mjs").Step} Step */

const program = "qemu-system-x86_64";
/** Beside it 7.2 (Debian 12) took a tenth longer to start our command, and two and a half times as long to start a process. */
const wantedMajor = 10;
/**
 * Packages of Debian 13, unpacked with the libraries they need; nothing of it runs as a system, so nothing is configured.
 * @param {string} folder
 */
const recipe = (folder) => [
  ...["mmdebstrap", "--mode=root", "--variant=extract", '--aptopt=Apt::Install-Recommends "false"'],
  ...["--include=qemu-system-x86", "trixie", folder, "deb http://deb.debian.org/debian trixie main"],
];

/** @param {Log} log @param {AbortSignal} [signal] */
export async function emulator(log, signal) {
  const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  if (Number(/version (\d+)/.exec(stdout ?? "")?.[1]) >= wantedMajor) return [program];
  const version = createHash("sha256").update(recipe("").join("\0")).digest("hex").slice(0, 12);
  return unpacked(await builtOnce("emulator", `emulator-${version}`, unpack, log, signal));
}

/** @param {Step} step @param {string} folder @param {string} logFile */
async function unpack(step, folder, logFile) {
  await step(recipe(folder), undefined, logFile);
  /** @type {string[]} */
  const said = [];
  await step([...unpacked(folder), "--version"], (line) => said.push(line));
  return said[0] ?? "";
}

/**
 * Started by its own dynamic linker, so that it finds the C library of its own release.
 * @param {string} root
 */
function unpacked(root) {
  const usr = join(root, "usr");
  return [
    ...[join(usr, "lib64", "ld-linux-x86-64.so.2"), "--library-path", join(usr, "lib", "x86_64-linux-gnu")],
    ...[join(usr, "bin", program), "-L", join(usr, "share", "qemu"), "-L", join(usr, "share", "seabios")],
  ];
}
