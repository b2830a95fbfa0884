// What the figures were measured on, and whether it had anything else to do.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { childrenOf } from "../processes.mjs";

const read = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};
const firstLine = (command, ...words) => spawnSync(command, words, { encoding: "utf8" }).stdout?.trim().split("\n")[0];

/** Seconds of CPU that all of the machine has used, and those that the hypervisor kept. */
export function machineCpu() {
  const [, user, nice, system, , , irq, softirq, steal] = read("/proc/stat").split("\n")[0].split(/\s+/).map(Number);
  return { busy: (user + nice + system + irq + softirq) / 100, stolen: steal / 100 };
}

/** Seconds of CPU of one process: nanoseconds where the scheduler tells them, else hundredths. */
export function processCpu(pid) {
  const threads = readdirSync(`/proc/${pid}/task`);
  const exact = threads.map((tid) => read(`/proc/${pid}/task/${tid}/schedstat`).split(" ")[0]);
  if (exact.every((text) => text !== "")) return exact.reduce((sum, text) => sum + Number(text), 0) / 1e9;
  const fields = read(`/proc/${pid}/stat`).split(") ").at(-1).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Bytes resident now. */
export function residentBytes(pid) {
  return Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? Number.NaN) * 1024;
}

export function childOf(pid) {
  return childrenOf(pid).find((child) => read(`/proc/${child}/comm`).trim() === "bpftrace");
}

/** Whoever has probes of its own attached: with those, untraced is not untraced. */
export function otherTracers() {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readdirSync(`/proc/${pid}/fd`).some((fd) => readlink(`/proc/${pid}/fd/${fd}`).includes("bpf-prog"));
      } catch {
        return false;
      }
    })
    .map((pid) => `${read(`/proc/${pid}/comm`).trim()} (pid ${pid})`);
}

function readlink(path) {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

/** CPU that everybody else used, in shares of one CPU, over a time in which nothing of ours runs. */
export async function restlessness(ms) {
  const before = machineCpu();
  const own = process.cpuUsage();
  const began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, ms));
  const after = machineCpu();
  const { user, system } = process.cpuUsage(own);
  const seconds = (performance.now() - began) / 1000;
  return {
    others: Math.max(0, after.busy - before.busy - (user + system) / 1e6) / seconds,
    stolen: (after.stolen - before.stolen) / seconds,
  };
}

export function facts() {
  const model = cpus()[0]?.model ?? "unknown CPU";
  const perf = firstLine("perf", "--version");
  return {
    date: new Date().toISOString(),
    kernel: release(),
    cpu: `${cpus().length} x ${model}`,
    hypervisor: /^flags.*\bhypervisor\b/m.test(read("/proc/cpuinfo")),
    memoryBytes: totalmem(),
    bpfCompiled: read("/proc/sys/net/core/bpf_jit_enable").trim() !== "0",
    bpftrace: firstLine("bpftrace", "--version") ?? null,
    perf: perf ?? null,
    node: process.version,
    commit: firstLine("git", "-C", new URL(".", import.meta.url).pathname, "rev-parse", "--short", "HEAD") ?? null,
    load: loadavg(),
  };
}
