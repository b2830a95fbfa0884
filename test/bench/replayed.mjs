// An observation for benchmarks: recorded snapshots, told again with times that go on, at the pace that is asked for.
import { readFileSync } from "node:fs";
import { crowdOf } from "../fixtures/crowd.mjs";

const busy = readFileSync(new URL("../fixtures/snapshots/busy.jsonl", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line));

/** So many different ones are held in memory; they are the collector's, not the screen's. */
const distinct = 5;

/** @param {{holders: number, stepMs: number, everyMs: number}} options stepMs: time between two snapshots, as told; everyMs: real */
export function replayed({ holders, stepMs, everyMs }) {
  const snapshots = crowdOf(busy.slice(-distinct), holders);
  const began = Date.parse(snapshots[0].time);
  const listeners = new Set();
  let told = 0;
  const next = () => {
    const snapshot = snapshots[told % snapshots.length];
    told += 1;
    const ms = told * stepMs;
    const splits = { "2m": 1000 + told * 3, "1g": 4 + Math.floor(told / 50) };
    return {
      ...snapshot,
      // A new list each time, as from the ledger: nothing that the screen remembers by it may help.
      secret: { ...snapshot.secret, holders: [...snapshot.secret.holders] },
      time: new Date(began + ms).toISOString(),
      monotonicNs: String(BigInt(Math.round(ms * 1e6))),
      directMap: { ...snapshot.directMap, splits },
    };
  };
  let now = next();
  const timer = setInterval(() => {
    now = next();
    for (const listener of listeners) listener(now);
  }, everyMs);
  return {
    snapshot: () => now,
    onSnapshot: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onEvent: () => () => {},
    onNotice: () => () => {},
    close: async () => clearInterval(timer),
    get told() {
      return told;
    },
  };
}
