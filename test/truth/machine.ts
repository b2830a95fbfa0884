/**
 * What this machine can be asked to prove. Tests that a machine cannot run are not defined on it: the host stages no
 * global OOM and loads no module, whatever its rights.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { RouteChoice } from "../../collector/observation.ts";

/** Name of the lab's guest we are in; null on the host. */
export const lab: string | null = process.env.SECRETSCOPE_LAB || null;

/** How much slower things are here: an emulated guest starts bpftrace in ten seconds instead of one. */
const patience = lab ? 12 : 1;

/** A deadline that means `value` seconds on the host, in ms. */
export const seconds = (value: number) => value * 1000 * patience;

export const pageBytes = 4096;
/** What the workload touches as "many" pages. */
export const manyPages = lab ? 60_000 : 200_000;
export const manyProcesses = lab ? 100 : 1000;

export const repository = fileURLToPath(new URL("../..", import.meta.url));

export const cgroupVersion: "v1" | "v2" = existsSync("/sys/fs/cgroup/memory/memory.limit_in_bytes") ? "v1" : "v2";

/** Kernel functions can be probed: perf offers kprobes. BTF alone does not say so; a locked-down kernel has it too. */
const functionsCanBeProbed = existsSync("/sys/bus/event_source/devices/kprobe/type");

/** cachestat(2), since 6.5: counts the pages of a file that somebody has open, without a mapping. */
export const cachestat = / \w*sys_cachestat$/m.test(readFileSync("/proc/kallsyms", "utf8"));

/** The routes with counters that this kernel can be asked for by name. */
export const routes: readonly RouteChoice[] = functionsCanBeProbed ? ["tracepoint", "function"] : ["tracepoint"];

/**
 * For claims that do not differ by kernel when probed by function (the same functions on all three, the same tracepoint
 * for kills): proved by function on one guest each, since a route costs minutes of emulation. Splits do differ.
 */
export const routesProvedBy = (guest: "debian12" | "debian13" | "forky"): readonly RouteChoice[] =>
  lab === null || lab === guest ? routes : ["tracepoint"];
