// What secretscope itself takes: time to the first line, memory, and CPU while nothing happens.

import { isLeaving, pause } from "./overhead-children.mjs";
import { childOf, processCpu, residentBytes } from "./overhead-machine.mjs";
import { interval, median } from "./overhead-pairs.mjs";
import { startWatch } from "./overhead-tracers.mjs";

/** Milliseconds from the start of the process to the first line on stdout. */
export async function startTimes(words, times) {
  const taken = [];
  for (let i = 0; i < times && !isLeaving(); i++) {
    const { child, firstLineMs, stop } = await startWatch(words, { on: undefined });
    taken.push(firstLineMs);
    if (words.includes("--once")) await child.ended;
    else await stop();
  }
  return { median: median(taken), interval: interval(taken), worst: Math.max(...taken) };
}

/** Seconds of CPU a second, and the most memory seen, of the collector and of bpftrace, once both have settled. */
export async function idleCost(seconds) {
  const watch = await startWatch(["watch", "--json", "--interval", "1s"], { on: undefined });
  try {
    await pause(3000);
    const pids = { collector: watch.child.pid, bpftrace: childOf(watch.child.pid) };
    if (pids.bpftrace === undefined) throw new Error("secretscope runs without bpftrace here (secretscope doctor)");
    const series = { collector: { cpu: [], rss: [] }, bpftrace: { cpu: [], rss: [] } };
    let last = { at: performance.now(), collector: processCpu(pids.collector), bpftrace: processCpu(pids.bpftrace) };
    for (let i = 0; i < seconds && !isLeaving(); i++) {
      await pause(1000);
      const now = { at: performance.now(), collector: processCpu(pids.collector), bpftrace: processCpu(pids.bpftrace) };
      for (const name of ["collector", "bpftrace"]) {
        series[name].cpu.push((1000 * (now[name] - last[name])) / (now.at - last.at));
        series[name].rss.push(residentBytes(pids[name]));
      }
      last = now;
    }
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    return Object.fromEntries(
      Object.entries(series).map(([name, { cpu, rss }]) => [
        name,
        { cpu: mean(cpu), busiestSecond: Math.max(...cpu), rss: Math.max(...rss) },
      ]),
    );
  } finally {
    await watch.stop();
  }
}
