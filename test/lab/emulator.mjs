// The QEMU that runs the guests: the machine's own, or a newer one that changes nothing on the machine.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { builtOnce } from "./cache.mjs";

/** @typedef {import("./guest.d.mts").Log} Log */

const program = "qemu-system-x86_64";
/** 7.2 (Debian 12) takes a quarter longer for the truth suite than 10.0, and three times as long to start a process. */
const wantedMajor = 10;
/** Packages of Debian 13, unpacked with the libraries they need. */
const recipe = { suite: "trixie", source: "deb http://deb.debian.org/debian trixie main", packages: "qemu-system-x86" };

/**
 * @param {Log} log
 * @param {AbortSignal} [signal]
 * @returns {Promise<readonly string[]>} the command that QEMU's arguments follow
 */
export async function emulator(log, signal) {
  const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  if (Number(/version (\d+)/.exec(stdout ?? "")?.[1]) >= wantedMajor) return [program];
  const version = createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 12);
  const build = async (
    /** @type {import("./step.mjs").Step} */ step,
    /** @type {string} */ folder,
    /** @type {string} */ logFile,
  ) => {
    const quiet = '--aptopt=Apt::Install-Recommends "false"';
    const include = `--include=${recipe.packages}`;
    // Nothing of it is ever run as a system, so nothing needs to be configured.
    const command = [
      "mmdebstrap",
      "--mode=root",
      "--variant=extract",
      quiet,
      include,
      recipe.suite,
      folder,
      recipe.source,
    ];
    await step(command, undefined, logFile);
    /** @type {string[]} */
    const said = [];
    await step([...unpacked(folder), "--version"], (line) => said.push(line));
    return said[0] ?? "";
  };
  return unpacked(await builtOnce("emulator", `emulator-${version}`, build, log, signal));
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
