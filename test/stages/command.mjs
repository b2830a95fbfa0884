// Runs a program in the repository with our own output, and ends it when it takes far too long.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("../..", import.meta.url));

/**
 * @param {readonly string[]} command
 * @param {number} limitMs
 * @returns {Promise<number | null>} exit status; null when a signal ended it
 */
export function runCommand([program = "", ...args], limitMs) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: repository, stdio: ["ignore", "inherit", "inherit"] });
    const timer = setTimeout(() => {
      process.stdout.write(`still running after ${limitMs / 60_000} minutes: killed\n`);
      child.kill("SIGKILL");
    }, limitMs);
    child.on("error", reject).on("exit", (status) => {
      clearTimeout(timer);
      resolve(status);
    });
  });
}
