// The dashboard as it runs for a person, but on a replayed observation: `HOLDERS SECONDS RESULT-FILE`, in a terminal.
import { writeFileSync } from "node:fs";
import { Dashboard } from "../../dist/tui/dashboard/dashboard.js";
import { lookOf } from "../../dist/tui/dashboard/look.js";
import { replayed } from "./replayed.mjs";

const [holders, seconds, result] = process.argv.slice(2);
/** Until what runs every second is compiled: a screen that someone has left open. */
const warmUpMs = 15_000;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const observation = replayed({ holders: Number(holders), stepMs: 1000, everyMs: 1000 });
const frames = { wallMs: [], cpuMs: [] };
const dashboard = new Dashboard({
  around: (draw) => {
    const before = process.cpuUsage();
    const began = performance.now();
    draw();
    frames.wallMs.push(performance.now() - began);
    const { user, system } = process.cpuUsage(before);
    frames.cpuMs.push((user + system) / 1000);
  },
  streams: { input: process.stdin, output: process.stdout },
  look: lookOf(process.env, false),
  root: true,
  intervalMs: 1000,
  stop: new AbortController().signal,
});
dashboard.watch(observation);
await sleep(warmUpMs);
frames.wallMs.length = 0;
frames.cpuMs.length = 0;

// Figures only, as on a screen that someone has left open.
const cpu = process.cpuUsage();
const began = performance.now();
await sleep(Number(seconds) * 1000);
const used = process.cpuUsage(cpu);
const share = (used.user + used.system) / 1000 / (performance.now() - began);
const rssBytes = process.memoryUsage().rss;

// Keys, from the bytes that come in to the bytes that go out. Each changes the screen: one that does not would be timed
// until the next sample.
const keys = ["j", "R", "s", "R"];
const keyMs = [];
const write = process.stdout.write.bind(process.stdout);
let wrote = () => {};
process.stdout.write = (...words) => {
  const done = write(...words);
  wrote();
  return done;
};
for (let press = 0; press < 60; press += 1) {
  await sleep(40 + (press % 7) * 10);
  const pressed = performance.now();
  const answered = new Promise((resolve) => {
    wrote = () => resolve(performance.now() - pressed);
  });
  process.stdin.emit("data", Buffer.from(keys[press % keys.length]));
  keyMs.push(await answered);
  wrote = () => {};
}
dashboard.end();
writeFileSync(result, JSON.stringify({ share, rssBytes, frames, keyMs }));
process.exit(0);
