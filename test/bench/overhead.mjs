// What it costs to be watched, and what watching takes, on this machine's kernel.
//   npm run bench:overhead [-- --quick] [-- --json] [-- --patience 600] [-- --only faults,allocations,compile,start,idle]
// Exit status 0 once measured, whatever the figures; 2 when it cannot be measured here. docs/performance.md reads it.
import { existsSync } from "node:fs";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { has, isLeaving } from "./overhead-children.mjs";
import { openLoad, unrelatedLoad } from "./overhead-load.mjs";
import { facts, otherTracers, restlessness } from "./overhead-machine.mjs";
import { compare } from "./overhead-pairs.mjs";
import { quietness } from "./overhead-quiet.mjs";
import { idleCost, startTimes } from "./overhead-resources.mjs";
import { ratioRows, table, verdict } from "./overhead-table.mjs";
import { cli, controlTracer, faultTracers, watchTracer } from "./overhead-tracers.mjs";

const targets = { fault: 1.05, compile: 1.02, startMs: 2000, rssBytes: 120 * 2 ** 20, cpuShare: 0.02 };
const sections = { faults, allocations, compile, start, idle };

const say = (line) => process.stderr.write(`${line}\n`);
const nanoseconds = (per) => (total) => `${(total / per).toFixed(per > 1 ? 1 : 0)} ns`;
const milliseconds = (ns) => `${(ns / 1e6).toFixed(1)} ms`;

async function faults(load, { quick, quiet }) {
  const { detectSecretmem } = await import("../../dist/probes/kernel/secretmem.js");
  const secretmem = detectSecretmem();
  if (!secretmem.available) {
    return [
      { what: "a page of secret memory", who: "", value: `not measured: ${secretmem.reason} (${secretmem.remedy})` },
    ];
  }
  const pages = 5_000; // 30 ms: some samples of a block fall between two turns of somebody else
  const ask = () => load.ask(`secret ${pages}`);
  for (let i = 0; i < 3; i++) await load.ask("secret 50000"); // what will be split is split now
  const all = faultTracers(secretmem.device.sDev);
  const result = await compare({
    tracers: all.filter(({ missing }) => missing === undefined),
    sample: async () => {
      const { wall, cpu } = await ask();
      return { cpu, wall };
    },
    samples: quick ? 20 : 50,
    rounds: quick ? [4, 6] : [10, 30],
    quiet,
    progress: (line) => say(`  ${line}`),
  });
  const what = "a page of secret memory";
  return [
    ...ratioRows(`${what}: CPU time`, "cpu", result, { [watchTracer.name]: targets.fault }, nanoseconds(pages)),
    ...ratioRows(`${what}: by the clock`, "wall", result, {}, nanoseconds(pages)),
    ...all
      .filter(({ missing }) => missing !== undefined)
      .map(({ name, missing }) => ({ what, who: name, value: `not measured: ${missing}` })),
  ];
}

/** The worst that can happen to somebody who has nothing to do with secret memory: no target, for explanation. */
async function allocations(load, { quick, quiet }) {
  const pages = 10_000;
  const calls = 100_000;
  const result = await compare({
    tracers: [{ ...watchTracer, wanted: 0.02 }],
    sample: async () => ({
      page: (await load.ask(`anonymous ${pages}`)).cpu,
      call: (await load.ask(`calls ${calls}`)).cpu,
    }),
    samples: quick ? 20 : 40,
    rounds: quick ? [4, 4] : [8, 16],
    quiet,
    progress: (line) => say(`  ${line}`),
  });
  return [
    ...ratioRows("a page of ordinary memory", "page", result, {}, nanoseconds(pages)),
    ...ratioRows("a system call that does nothing", "call", result, {}, nanoseconds(calls)),
  ];
}

async function compile(load, { quick, quiet }) {
  const { name, request, missing } = unrelatedLoad();
  if (missing !== undefined) return [{ what: "an unrelated load", who: "", value: `not measured: ${missing}` }];
  await load.ask(request);
  const result = await compare({
    tracers: [{ ...watchTracer, wanted: 0.004 }, controlTracer],
    sample: async () => {
      const { wall, cpu } = await load.ask(request);
      return { cpu, wall };
    },
    samples: quick ? 8 : 16,
    rounds: quick ? [4, 6] : [12, 40],
    quiet,
    progress: (line) => say(`  ${line}`),
  });
  return [
    ...ratioRows(`${name}: CPU time`, "cpu", result, { [watchTracer.name]: targets.compile }, milliseconds),
    ...ratioRows(`${name}: by the clock`, "wall", result, {}, milliseconds),
  ];
}

async function start(_load, { quick, quiet }) {
  await quiet.wait();
  const rows = [];
  for (const words of [
    ["watch", "--once"],
    ["watch", "--json"],
  ]) {
    const { median, interval, worst } = await startTimes(words, quick ? 3 : 9);
    rows.push({
      what: "start to first line on stdout",
      who: `secretscope ${words.join(" ")}`,
      value: `${(median / 1000).toFixed(2)} s (worst ${(worst / 1000).toFixed(2)} s)`,
      target: `${(targets.startMs / 1000).toFixed(0)} s`,
      verdict: verdict(targets.startMs, median, interval),
      data: { medianMs: median, interval, worstMs: worst, target: targets.startMs },
    });
  }
  return rows;
}

async function idle(_load, { quick, quiet }) {
  const seconds = quick ? 15 : 60;
  await quiet.wait();
  const cost = await idleCost(seconds);
  return Object.entries(cost)
    .flatMap(([who, { cpu, busiestSecond, rss }]) => {
      const judged = who === "collector";
      return [
        {
          what: `CPU of an idle host's watch, ${seconds} s`,
          who,
          value: `${(100 * cpu).toFixed(2)}% of a core (busiest second ${(100 * busiestSecond).toFixed(1)}%)`,
          target: judged ? `${100 * targets.cpuShare}%` : "",
          verdict: judged ? verdict(targets.cpuShare, cpu) : "",
          data: { cpu, busiestSecond, target: judged ? targets.cpuShare : null },
        },
        {
          what: "resident memory, the most seen",
          who,
          value: `${(rss / 2 ** 20).toFixed(1)} MiB`,
          target: judged ? `${targets.rssBytes / 2 ** 20} MiB` : "",
          verdict: judged ? verdict(targets.rssBytes, rss) : "",
          data: { rss, target: judged ? targets.rssBytes : null },
        },
      ];
    })
    .sort((a, b) => (a.what < b.what ? -1 : a.what > b.what ? 1 : 0));
}

function options() {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean" },
      json: { type: "boolean" },
      only: { type: "string" },
      patience: { type: "string" },
    },
  });
  const names = values.only?.split(",") ?? Object.keys(sections);
  const unknown = names.find((name) => !Object.hasOwn(sections, name));
  if (unknown !== undefined) throw new Error(`--only knows ${Object.keys(sections).join(", ")}, not ${unknown}`);
  const patience = Number(values.patience ?? (values.quick ? 30 : 600));
  if (!(patience >= 0)) throw new Error("--patience is a number of seconds to wait for a quiet machine");
  return { quick: values.quick ?? false, json: values.json ?? false, names, patience };
}

function cannot() {
  if (process.platform !== "linux") return "this benchmark needs Linux";
  if (!existsSync(cli)) return "secretscope is not built: npm run build";
  if (process.geteuid() !== 0) return "probes need root: sudo npm run bench:overhead";
  if (!has("bpftrace")) return "bpftrace is not installed: apt-get install -y bpftrace";
  if (!has("taskset")) return "taskset is not installed: apt-get install -y util-linux";
  return undefined;
}

async function disturbance() {
  const tracers = otherTracers();
  const { others, stolen } = await restlessness(3000);
  const noises = [];
  if (others > 0.05) noises.push(`others use ${(100 * others).toFixed(0)}% of a CPU`);
  if (stolen > 0.02) noises.push(`the hypervisor keeps ${(100 * stolen).toFixed(0)}% of a CPU`);
  if (tracers.length > 0) noises.push(`probes of others are attached, so untraced is not: ${tracers.join(", ")}`);
  return noises;
}

async function main() {
  const { quick, json, names, patience } = options();
  const quiet = quietness(1000 * patience);
  const reason = cannot();
  if (reason !== undefined) throw new Error(reason);
  const machine = facts();
  const noises = [];
  const rows = [];
  const load = openLoad();
  try {
    for (const name of names) {
      for (const noise of await disturbance()) noises.push(`before ${name}: ${noise}`);
      say(`${name}${noises.length > 0 ? ` (${noises.at(-1)})` : ""}`);
      rows.push(...(await sections[name](load, { quick, quiet })));
    }
    for (const noise of await disturbance()) noises.push(`at the end: ${noise}`);
  } finally {
    if (!isLeaving()) await load.close();
  }
  const loadAtEnd = loadavg();
  if (quiet.waitedMs > 5000) noises.push(`waited ${(quiet.waitedMs / 1000).toFixed(0)} s in all for it to be quiet`);
  if (json) {
    const figures = rows.map(({ data, ...row }) => ({ ...row, ...data }));
    process.stdout.write(`${JSON.stringify({ machine: { ...machine, loadAtEnd }, noises, figures })}\n`);
    return;
  }
  const average = (values) => values.map((value) => value.toFixed(2)).join(" ");
  process.stdout.write(`${table(rows)}

${machine.date.slice(0, 16).replace("T", " ")} UTC, commit ${machine.commit}; kernel ${machine.kernel}; ${machine.cpu}${machine.hypervisor ? ", a virtual machine" : ""}, ${Math.round(machine.memoryBytes / 2 ** 30)} GiB
BPF ${machine.bpfCompiled ? "compiled" : "interpreted"}; ${machine.bpftrace}; ${machine.perf ?? "no perf"}; Node ${machine.node}
load average ${average(machine.load)} at the start, ${average(loadAtEnd)} at the end (the benchmark itself makes about 1)
${noises.length > 0 ? `not quiet: ${noises.join("; ")}` : "quiet: nobody else used the CPUs when that was looked at, no other probes were attached"}
`);
}

try {
  await main();
  process.exit(0);
} catch (error) {
  if (!isLeaving()) {
    say(`bench:overhead: ${error.message}`);
    process.exit(2);
  }
}
