// Runs the programs that build an image, so that none of them outlives the run, however it ends.
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { LabFailure } from "./failure.mjs";

/** @typedef {(command: string[], onLine?: (line: string) => void, logFile?: string) => Promise<void>} Step */

// A process namespace of its own: when its first process dies with us, the kernel kills all the others (apt, dpkg).
const confined = ["--pdeathsig", "KILL", "--", "unshare", "--pid", "--fork", "--kill-child", "--"];

/**
 * @param {AbortSignal} [signal]
 * @returns {Step} runs a program to its end; rejects with its last lines if it fails
 */
export function stepper(signal) {
  return async (command, onLine, logFile) => {
    const child = spawn("setpriv", [...confined, ...command], {
      stdio: ["ignore", "pipe", "pipe"],
      killSignal: "SIGKILL",
      ...(signal ? { signal } : {}),
    });
    const kept = logFile ? createWriteStream(logFile) : undefined;
    /** @type {string[]} */
    const last = [];
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        kept?.write(`${line}\n`);
        last.push(line);
        if (last.length > 15) last.shift();
        onLine?.(line);
      });
    }
    const status = await ended(child, signal);
    kept?.end();
    if (status !== 0) {
      const where = logFile ? ` (all of it: ${logFile})` : "";
      throw new LabFailure("prepare", `${command[0]} failed with status ${status}${where}:\n${last.join("\n")}`);
    }
  };
}

/**
 * @param {import("node:child_process").ChildProcess} child
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<number | string | null>} exit status or signal
 */
function ended(child, signal) {
  return new Promise((resolve, reject) => {
    child.on("error", (error) => reject(signal?.aborted ? new LabFailure("aborted", "stopped") : error));
    child.on("close", (code, by) => resolve(code ?? by));
  });
}

/**
 * Takes a lock that the kernel frees when this process ends, however it ends: flock(1) holds it until its stdin closes.
 * @param {string} file
 * @param {() => void} onWait told once if somebody else has it
 * @param {AbortSignal} [signal]
 * @returns {Promise<() => void>} frees the lock
 */
export async function lock(file, onWait, signal) {
  const holder = spawn("flock", [file, "sh", "-c", "echo locked; cat"], {
    stdio: ["pipe", "pipe", "inherit"],
    ...(signal ? { signal } : {}),
  });
  const wait = setTimeout(onWait, 500);
  const refused = ended(holder, signal).then((status) => {
    throw new LabFailure("prepare", `${file} cannot be locked: flock ended with ${status}`);
  });
  // Only the first of the two counts; later the holder ends because we let go.
  refused.catch(() => {});
  try {
    await Promise.race([refused, new Promise((resolve) => holder.stdout.once("data", resolve))]);
  } finally {
    clearTimeout(wait);
  }
  return () => holder.stdin.end();
}
