// Whether anybody else is using the machine: waited for before a block, and noted of it afterwards.
import { readFileSync } from "node:fs";
import { isLeaving, ownPids, pause } from "./overhead-children.mjs";
import { machineCpu } from "./overhead-machine.mjs";

/** CPU of others, in shares of one CPU, above which a block says little. */
const tolerated = 0.15;
const lookMs = 300;

const read = (path) => {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
};

/** Seconds of CPU of this benchmark, of what it started, and of what those started and awaited. */
function ownCpu() {
  const { user, system } = process.cpuUsage();
  const children = ownPids();
  const grandchildren = children.flatMap((pid) =>
    read(`/proc/${pid}/task/${pid}/children`).trim().split(" ").filter(Boolean),
  );
  let ticks = 0;
  for (const pid of [...children, ...grandchildren]) {
    const fields = read(`/proc/${pid}/stat`).split(") ").at(-1).split(" ");
    for (const field of fields.slice(11, 15)) ticks += Number(field);
  }
  return (user + system) / 1e6 + ticks / 100;
}

const reading = () => ({ at: performance.now(), own: ownCpu(), ...machineCpu() });

function othersSince(before) {
  const now = reading();
  const used = now.busy - before.busy - (now.own - before.own) + (now.stolen - before.stolen);
  return Math.max(0, used / ((now.at - before.at) / 1000));
}

/** Runs it, and tells what share of a CPU went to others meanwhile (the hypervisor's other guests among them). */
export async function observed(work) {
  const before = reading();
  const result = await work();
  return { result, others: othersSince(before) };
}

export const isDisturbed = (others) => others > tolerated;

/** @param patienceMs how long to wait for quiet, in all */
export function quietness(patienceMs) {
  let left = patienceMs;
  return {
    /** Waits until nobody else uses the CPUs, or patience is at its end. */
    async wait() {
      while (left > 0 && !isLeaving()) {
        const began = performance.now();
        const { others } = await observed(() => pause(lookMs));
        if (!isDisturbed(others)) return;
        await pause(1000);
        left -= performance.now() - began;
      }
    },
    get waitedMs() {
      return patienceMs - Math.max(0, left);
    },
  };
}
