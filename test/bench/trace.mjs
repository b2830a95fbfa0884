// What a recording costs: on disk, to write, to read, to find a moment in; each beside whoever does the same.
//   npm run bench:trace [-- --quick] [-- --json] [-- --only events,pages,day,moments,memory]
// Exit status 0 once measured, whatever the figures; 2 when it cannot be measured here.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isLeaving } from "./overhead-children.mjs";
import { facts } from "./overhead-machine.mjs";
import { table, verdict } from "./overhead-table.mjs";
import { cli } from "./overhead-tracers.mjs";
import { perfFigures, perfMissing } from "./trace-perf.mjs";

const targets = { bytes: 4, written: 1e6, replayed: 2e6, dayBytes: 30 * 2 ** 20, momentMs: 300, flat: 1.1 };
const sections = { events, pages, day, moments, memory };
const child = fileURLToPath(new URL("trace-child.mjs", import.meta.url));

const say = (line) => process.stderr.write(`${line}\n`);
const million = (rate) => `${(rate / 1e6).toFixed(2)} M/s`;
const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

function measure(what, how) {
  say(`  ${what} ${JSON.stringify(how)}`);
  return JSON.parse(execFileSync(process.execPath, [child, what, JSON.stringify(how)], { encoding: "utf8" }));
}

const row = (what, who, value, more = {}) => ({ what, who, value, ...more });
/** @param better whether more is better */
function judged(target, value, shown, better = false) {
  const met = better ? verdict(-target, -value) : verdict(target, value);
  return { target: shown, verdict: met, data: { value, target } };
}

async function events({ quick, folder }) {
  const path = join(folder, "counters");
  const story = { name: "counters", events: quick ? 200_000 : 4_000_000 };
  const ours = measure("write", { story, path: `${path}.arrows` });
  const read = measure("replay", { path: `${path}.arrows` });
  const lines = measure("jsonlWrite", { story, path: `${path}.gz` });
  const linesRead = measure("jsonlReplay", { path: `${path}.gz` });
  if (read.residentBytes !== linesRead.residentBytes || ours.events !== lines.events) {
    throw new Error("the two recordings do not say the same");
  }
  const perf = await perfRows(quick ? 50_000 : 500_000, folder);
  const [size, writing, reading] = ["bytes an event", "events written, by CPU time", "events replayed, by CPU time"];
  const us = "recording of counters";
  const them = "JSON lines, gzip";
  return [
    row(size, us, (ours.bytes / ours.events).toFixed(2), judged(targets.bytes, ours.bytes / ours.events, "4")),
    row(size, them, (lines.bytes / lines.events).toFixed(2)),
    ...perf.size.map((each) => row(size, ...each)),
    row(
      writing,
      us,
      million(ours.events / ours.seconds),
      judged(targets.written, ours.events / ours.seconds, "1 M/s", true),
    ),
    row(writing, them, million(lines.events / lines.seconds)),
    row(
      reading,
      us,
      million(ours.events / read.seconds),
      judged(targets.replayed, ours.events / read.seconds, "2 M/s", true),
    ),
    row(reading, `${them}, into the same ledger`, million(lines.events / linesRead.seconds)),
    ...perf.reading.map((each) => row(reading, ...each)),
  ];
}

async function pages({ quick, folder }) {
  const path = join(folder, "pages");
  const count = quick ? 500_000 : 10_000_000;
  const story = { name: "pages", events: count };
  const ours = measure("write", { story, path: `${path}.arrows` });
  const read = measure("replay", { path: `${path}.arrows` });
  if (read.pages !== count) throw new Error(`${read.pages} of ${count} pages were read back`);
  // A fiftieth: JSON lines of all would take minutes.
  const few = { name: "pages", events: count / 50 };
  const lines = measure("jsonlWrite", { story: few, path: `${path}.gz` });
  const linesRead = measure("jsonlReplay", { path: `${path}.gz` });
  const perf = await perfRows(quick ? 50_000 : 500_000, folder);
  const of = `${count / 1e6} M single pages`;
  const [size, writing, reading] = [`bytes a page, ${of}`, "pages written, by CPU time", "pages replayed, by CPU time"];
  const [us, them] = ["recording with --detail page", "JSON lines, gzip (a fiftieth)"];
  return [
    row(size, us, (ours.bytes / count).toFixed(2), judged(targets.bytes, ours.bytes / count, "4")),
    row(size, them, (lines.bytes / few.events).toFixed(2)),
    ...perf.size.map((each) => row(size, ...each)),
    row(writing, us, million(count / ours.seconds), judged(targets.written, count / ours.seconds, "1 M/s", true)),
    row(writing, them, million(few.events / lines.seconds)),
    row(reading, us, million(count / read.seconds), judged(targets.replayed, count / read.seconds, "2 M/s", true)),
    row(reading, them, million(few.events / linesRead.seconds)),
    ...perf.reading.map((each) => row(reading, ...each)),
  ];
}

async function perfRows(pages, folder) {
  const { detectSecretmem } = await import("../../dist/probes/kernel/secretmem.js");
  const secretmem = detectSecretmem();
  const missing = perfMissing() ?? (secretmem.available ? undefined : secretmem.reason);
  if (missing !== undefined) return { size: [["perf", `not measured: ${missing}`]], reading: [] };
  say(`  perf record, ${pages} pages`);
  const perf = await perfFigures(folder, secretmem.device.sDev, pages);
  return {
    size: [
      ["perf.data of page events", (perf.bytes / perf.events).toFixed(1)],
      ["perf.data, gzip", (perf.gzipped / perf.events).toFixed(1)],
    ],
    reading: [["perf script of page events", million(perf.events / perf.seconds)]],
  };
}

const dayPath = (folder) => join(folder, "day.arrows");

/** Made once, for all sections that need it. */
function dayTrace({ quick, folder }) {
  const path = dayPath(folder);
  const hours = quick ? 1 : 24;
  if (!existsSync(path)) recorded = { hours, ...measure("write", { story: { name: "day", hours }, path }) };
  return { path, ...recorded };
}
let recorded;

async function day(options) {
  const { hours, bytes, events } = dayTrace(options);
  const minutes = 10;
  const story = { name: "day", hours: minutes / 60 };
  const lines = measure("jsonlWrite", { story, path: join(options.folder, "day.gz") });
  const what = "a day, 500 holders, 50 splits/s";
  const perDay = (bytes * 24) / hours;
  return [
    row(
      what,
      hours === 24 ? "recording" : `recording (of ${hours} h, times ${24 / hours})`,
      `${mib(perDay)}, ${(bytes / events).toFixed(2)} bytes an event`,
      judged(targets.dayBytes, perDay, "30 MiB"),
    ),
    row(what, `JSON lines, gzip (of ${minutes} min, times 144)`, mib(lines.bytes * 144)),
  ];
}

async function moments(options) {
  const { path, hours } = dayTrace(options);
  const count = options.quick ? 20 : 200;
  const found = measure("moments", { path, count });
  const ms = (value) => `${value.toFixed(0)} ms`;
  const what = `open ${hours} h and show one moment`;
  const began = performance.now();
  const { status } = spawnSync(process.execPath, [cli, "replay", path, "--at", "+30m", "--json"], { stdio: "ignore" });
  const command = performance.now() - began;
  if (status !== 0) throw new Error(`replay --at ended with ${status}`);
  const gz = join(options.folder, "day.gz");
  const lines = existsSync(gz)
    ? [row(what, "JSON lines, gzip: 10 min of it", ms(1000 * measure("jsonlReplay", { path: gz }).seconds))]
    : [];
  return [
    row(
      what,
      `worst of ${count} at random`,
      `${ms(found.worstMs)} (95% within ${ms(found.p95Ms)}, median ${ms(found.medianMs)}); of a CPU at most ${ms(found.worstCpuMs)}`,
      // What the clock says beyond the CPU's time is the disk's, or others' who ran.
      {
        ...judged(targets.momentMs, found.worstMs, "300 ms"),
        verdict: verdict(targets.momentMs, found.worstMs, [Math.min(found.worstCpuMs, found.worstMs), found.worstMs]),
      },
    ),
    ...lines,
    row(what, "the whole command, with starting Node.js", ms(command)),
  ];
}

async function memory({ quick, folder }) {
  const hours = quick ? 0.1 : 0.5;
  const figures = [1, 4].map((times) => {
    const path = join(folder, `memory-${times}.arrows`);
    const story = { name: "day", hours: hours * times };
    const written = measure("write", { story, path });
    return { written: written.peakBytes, read: measure("replay", { path, snapshots: true }).peakBytes };
  });
  const [once, four] = figures;
  return ["written", "read"].map((done) =>
    row(
      "most memory, four times as long",
      `recording, ${done === "read" ? "replayed with all snapshots" : done}`,
      `${mib(once[done])}, ${mib(four[done])}: x${(four[done] / once[done]).toFixed(2)}`,
      judged(targets.flat, four[done] / once[done], "x1.10"),
    ),
  );
}

function options() {
  const { values } = parseArgs({
    options: { quick: { type: "boolean" }, json: { type: "boolean" }, only: { type: "string" } },
  });
  const names = values.only?.split(",") ?? Object.keys(sections);
  const unknown = names.find((name) => !Object.hasOwn(sections, name));
  if (unknown !== undefined) throw new Error(`--only knows ${Object.keys(sections).join(", ")}, not ${unknown}`);
  return { quick: values.quick ?? false, json: values.json ?? false, names };
}

async function main() {
  const { quick, json, names } = options();
  if (!existsSync(cli)) throw new Error("secretscope is not built: npm run build");
  const machine = facts();
  const folder = mkdtempSync(join(tmpdir(), "secretscope-bench-trace-"));
  const rows = [];
  try {
    for (const name of names) {
      say(name);
      rows.push(...(await sections[name]({ quick, folder })));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const loadAtEnd = loadavg();
  if (json) {
    const figures = rows.map(({ data, ...each }) => ({ ...each, ...data }));
    process.stdout.write(`${JSON.stringify({ machine: { ...machine, loadAtEnd }, quick, figures })}\n`);
    return;
  }
  const columns = ["what", "who", "value", "target", "verdict"].map((key) => [key === "value" ? "figure" : key, key]);
  const average = (values) => values.map((value) => value.toFixed(2)).join(" ");
  process.stdout.write(`${table(rows, columns)}

${machine.date.slice(0, 16).replace("T", " ")} UTC, commit ${machine.commit}; kernel ${machine.kernel}; ${machine.cpu}; ${machine.perf ?? "no perf"}; Node ${machine.node}
load average ${average(machine.load)} at the start, ${average(loadAtEnd)} at the end${quick ? "; --quick: small figures, not for the record" : ""}
`);
}

try {
  await main();
  process.exit(0);
} catch (error) {
  if (!isLeaving()) {
    say(`bench:trace: ${error.message}`);
    process.exit(2);
  }
}
