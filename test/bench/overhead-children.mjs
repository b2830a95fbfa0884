// Every process that the overhead benchmark starts: pinned, awaited, ended by its pid, and none left behind.
import { spawn, spawnSync } from "node:child_process";
import { cpus } from "node:os";

const living = new Set();

/** CPU 0 is for the load, the others for whoever observes it. */
export const loadCpus = cpus().length > 1 ? "0" : undefined;
export const observerCpus = cpus().length > 1 ? `1-${cpus().length - 1}` : undefined;

/** @returns {boolean} whether the command is installed */
export function has(command) {
  return spawnSync("sh", ["-c", `command -v "$1"`, "sh", command]).status === 0;
}

/** taskset becomes the command, so the pid is the command's. */
export function start(command, { on, ...options } = {}) {
  const words = on === undefined ? command : ["taskset", "-c", on, ...command];
  const child = spawn(words[0], words.slice(1), options);
  living.add(child);
  child.ended = new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (status, signal) => resolve(`ended with ${signal ?? status}`));
  }).finally(() => living.delete(child));
  return child;
}

/** @returns {number[]} pids of what runs now */
export const ownPids = () => Array.from(living, ({ pid }) => pid).filter((pid) => pid !== undefined);

/**
 * Asks it to end; after `patienceMs` it is not asked any more. A bpftrace before 0.24 can miss a SIGINT, so `again` is
 * a second signal that follows soon.
 */
export async function stop(child, { signal = "SIGINT", again, patienceMs = 5000 } = {}) {
  const timers = [setTimeout(() => child.kill("SIGKILL"), patienceMs)];
  if (again !== undefined) timers.push(setTimeout(() => child.kill(again), 700));
  child.kill(signal);
  await child.ended;
  for (const timer of timers) clearTimeout(timer);
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Rejects when the child ends first or time runs out. */
export async function awaited(child, what, promise, timeoutMs) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${timeoutMs / 1000} s`)), timeoutMs);
  });
  const dead = child.ended.then((how) => Promise.reject(new Error(`${what} ${how}`)));
  try {
    return await Promise.race([promise, late, dead]);
  } finally {
    clearTimeout(timer);
  }
}

let leaving = false;
/** @returns {boolean} whether the benchmark was told to end */
export const isLeaving = () => leaving;

async function leave(status) {
  if (leaving) return;
  leaving = true;
  await Promise.all(Array.from(living, (child) => stop(child, { signal: "SIGTERM", patienceMs: 3000 })));
  process.exit(status);
}
process.on("SIGINT", () => leave(130));
process.on("SIGTERM", () => leave(143));
