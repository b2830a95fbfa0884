// The screen left open all day: 1000 holders replayed, resized every few seconds, keys pressed; the heap has to stay
// flat and no listener may be left over.
//
//   node test/bench/soak.mjs [--minutes 30] [--faster 1]     --faster 60: an hour of snapshots in a minute
import { spawnSync } from "node:child_process";
import { PassThrough, Writable } from "node:stream";
import { fileURLToPath } from "node:url";

if (globalThis.gc === undefined) {
  const again = ["--expose-gc", fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  process.exit(spawnSync(process.execPath, again, { stdio: "inherit" }).status ?? 1);
}

const { Dashboard } = await import("../../dist/tui/dashboard/dashboard.js");
const { lookOf } = await import("../../dist/tui/dashboard/look.js");
const { replayed } = await import("./replayed.mjs");

const number = (name, otherwise) => {
  const index = process.argv.indexOf(name);
  return index === -1 ? otherwise : Number(process.argv[index + 1]);
};
const minutes = number("--minutes", 30);
const faster = number("--faster", 1);
const sizes = [
  [80, 24],
  [200, 60],
  [60, 15],
  [120, 40],
  [50, 10],
];
const keys = [
  "j",
  "k",
  "\t",
  "s",
  "g",
  "\r",
  "\x1b",
  "?",
  "?",
  "e",
  "\x1b",
  "+",
  "-",
  " ",
  " ",
  "/vault\r",
  "\x1b",
  "1",
  "2",
];
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const MiB = 2 ** 20;

let bytes = 0;
const output = Object.assign(
  new Writable({
    write: (chunk, _encoding, done) => {
      bytes += chunk.length;
      done();
    },
  }),
  { isTTY: true, columns: 80, rows: 24 },
);
const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} });
const observation = replayed({ holders: 1000, stepMs: 1000, everyMs: 1000 / faster });
const dashboard = new Dashboard({
  streams: { input, output },
  look: lookOf({ TERM: "xterm-256color", LANG: "C.UTF-8" }, false),
  root: true,
  intervalMs: 1000,
  stop: new AbortController().signal,
});
dashboard.watch(observation);

const listeners = () =>
  [process, input, output].reduce(
    (sum, emitter) => sum + emitter.eventNames().reduce((count, name) => count + emitter.listenerCount(name), 0),
    0,
  );

const heaps = [];
const counts = [];
const ends = performance.now() + minutes * 60_000;
const looks = 24;
const everyMs = (minutes * 60_000) / looks;
let step = 0;
let look = performance.now() + everyMs;
while (performance.now() < ends) {
  await sleep(Math.min(1000, everyMs / 4));
  step += 1;
  input.write(keys[step % keys.length]);
  if (step % 4 === 0) {
    const [columns, rows] = sizes[(step / 4) % sizes.length];
    Object.assign(output, { columns, rows });
    output.emit("resize");
  }
  if (performance.now() < look) continue;
  look += everyMs;
  // Always the same screen: what is drawn is part of the heap.
  Object.assign(output, { columns: 80, rows: 24 });
  output.emit("resize");
  input.write("\x1b");
  await sleep(500);
  globalThis.gc();
  heaps.push(process.memoryUsage().heapUsed);
  counts.push(listeners());
  console.log(
    `${heaps.length.toString().padStart(3)}/${looks}  heap ${(heaps.at(-1) / MiB).toFixed(1)} MiB  rss ${(process.memoryUsage().rss / MiB).toFixed(0)} MiB  listeners ${counts.at(-1)}  snapshots ${observation.told}  written ${(bytes / MiB).toFixed(1)} MiB`,
  );
}
dashboard.end();
await observation.close();

// The first hour of snapshots fills the history, which then only turns: what counts is the last quarter, against the one
// before it.
const quarter = Math.floor(heaps.length / 4);
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const growth = (median(heaps.slice(-quarter)) - median(heaps.slice(-2 * quarter, -quarter))) / MiB;
const most = Math.max(...counts.slice(1)) - Math.min(...counts.slice(1));
console.log(
  `heap, last quarter against the one before: ${growth >= 0 ? "+" : ""}${growth.toFixed(2)} MiB; listeners differ by ${most}`,
);
const flat = growth < 0.5 && most === 0;
console.log(flat ? "flat" : "NOT flat");
process.exit(flat ? 0 : 1);
