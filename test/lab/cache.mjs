// What the lab builds once and keeps: whole or not at all, by one run at a time.
import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../../.ci/cache-folder.mjs";
import { lock, stepper } from "./step.mjs";

/** @typedef {import("./guest.d.mts").Log} Log */
/** @typedef {import("./step.mjs").Step} Step */

/**
 * @param {string} name what it is; the same for all its versions
 * @param {string} version tells what it is made of, and starts with the name
 * @param {(step: Step, folder: string, logFile: string) => Promise<string>} build fills the folder, and says what it got
 * @param {Log} log
 * @param {AbortSignal} [signal]
 * @returns {Promise<string>} its folder
 */
export async function builtOnce(name, version, build, log, signal) {
  const cache = cacheFolder("lab");
  const finished = join(cache, version);
  if (existsSync(finished)) return finished;
  mkdirSync(cache, { recursive: true });
  const step = stepper(signal);
  const waiting = () => log(`${name}: another run is building it; waiting`);
  const unlock = await lock(join(cache, `${name}.lock`), waiting, signal);
  try {
    if (existsSync(finished)) return finished;
    const began = Date.now();
    log(`${name}: building it in ${finished}`);
    for (const each of readdirSync(cache)) {
      // Left by a run that was killed. --one-file-system: in case something is still mounted in there.
      if (each.startsWith(`building-${name}-`)) await step(["rm", "-rf", "--one-file-system", join(cache, each)]);
    }
    const building = join(cache, `building-${version}`);
    const got = await build(step, building, join(cache, `${name}.log`));
    renameSync(building, finished);
    log(`${name}: ready, ${got}, ${Math.round((Date.now() - began) / 1000)} s`);
    return finished;
  } finally {
    unlock();
  }
}
