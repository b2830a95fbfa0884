/**
 * What the kernel itself says, read here and not by the product's code: the other witness. A process that is not
 * there reads as holding nothing.
 */
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { childrenOf } from "../processes.mjs";
import { cgroupVersion } from "./machine.ts";

const secretLink = "/secretmem (deleted)";

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** One counter of /proc/vmstat; what CPUs hold back in batches is brought in first. */
export function vmstat(name: string): number {
  writeFileSync("/proc/sys/vm/stat_refresh", "1");
  const found = new RegExp(`^${name} (\\d+)$`, "m").exec(read("/proc/vmstat"));
  if (!found) throw new Error(`/proc/vmstat has no ${name}`);
  return Number(found[1]);
}

/** Since boot, named by the mapping that was broken. */
export function splitsSinceBoot(): { "2m": number; "1g": number } {
  return { "2m": vmstat("direct_map_level2_splits"), "1g": vmstat("direct_map_level3_splits") };
}

export interface Mapped {
  readonly mappings: number;
  readonly mappedBytes: number;
  readonly residentBytes: number;
  readonly proportionalBytes: number;
}

/** From /proc/PID/smaps: all mappings of secret files, together. */
export function mapped(pid: number): Mapped {
  let inside = false;
  const sum = { mappings: 0, mappedBytes: 0, residentBytes: 0, proportionalBytes: 0 };
  for (const line of read(`/proc/${pid}/smaps`).split("\n")) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ 00:\S+ \d+\s+(.*)$/.exec(line);
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) inside = head?.[3] === secretLink;
    if (!inside) continue;
    if (head) {
      sum.mappings += 1;
      sum.mappedBytes += Number(BigInt(`0x${head[2]}`) - BigInt(`0x${head[1]}`));
    }
    const figure = /^(Rss|Pss): +(\d+) kB$/.exec(line);
    if (figure) sum[figure[1] === "Rss" ? "residentBytes" : "proportionalBytes"] += Number(figure[2]) * 1024;
  }
  return sum;
}

/** Which accounting model made these mappings: the old one locks them (`lo` in VmFlags), the new one does not. */
export function accountingOf(pid: number): "mlock" | "user" {
  const mappings = read(`/proc/${pid}/smaps`).split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const flags = mappings.find((each) => each.includes(secretLink))?.match(/^VmFlags:(.*)$/m)?.[1];
  if (flags === undefined) throw new Error(`no secret mapping in /proc/${pid}/smaps`);
  return / lo\b/.test(flags) ? "mlock" : "user";
}

/** From /proc/PID/fd: how many descriptors are secret files. */
export function descriptors(pid: number): number {
  return entriesOf(`/proc/${pid}/fd`).filter((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === secretLink).length;
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Sent through sockets and not received yet: scm_fds in fdinfo of each socket that somebody has open. */
export function descriptorsInFlight(): number {
  const waiting = new Map<string, number>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    for (const number of entriesOf(`/proc/${pid}/fd`)) {
      const socket = linkOf(`/proc/${pid}/fd/${number}`);
      const count = /^scm_fds:\s+(\d+)$/m.exec(read(`/proc/${pid}/fdinfo/${number}`))?.[1];
      if (socket.startsWith("socket:") && count !== undefined) waiting.set(socket, Number(count));
    }
  }
  return [...waiting.values()].reduce((sum, count) => sum + count, 0);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

/** Everybody who holds secret memory now, whoever it is. */
export function holdersNow(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => read(`/proc/${pid}/maps`).includes(secretLink) || descriptors(pid) > 0);
}

/** Who and under which limit: /proc/PID/status, limits, cgroup. */
export function identity(pid: number) {
  const limit = /^Max locked memory +(\d+|unlimited)/m.exec(read(`/proc/${pid}/limits`))?.[1];
  return {
    uid: Number(/^Uid:\t\d+\t(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1]),
    cgroup: memoryCgroupOf(pid),
    memlockLimitBytes: limit === "unlimited" ? ("unlimited" as const) : Number(limit),
  };
}

/** The cgroup that this process's pages are charged to. */
export function memoryCgroupOf(pid: number): string | null {
  const line = cgroupVersion === "v1" ? /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m : /^0::(.*)$/m;
  return line.exec(read(`/proc/${pid}/cgroup`))?.[1] ?? null;
}

/** When a process started, in clock ticks since boot: field 22 of /proc/PID/stat. */
export function processTick(pid: number): number {
  // The name in brackets may hold anything, brackets too: count from the last one.
  const fields = read(`/proc/${pid}/stat`).replace(/^.*\)/s, "").split(" ");
  return Number(fields[20]);
}

export function residentSetBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1]) * 1024;
}

/** Processes below this one with this name, oldest first. */
export function descendants(pid: number, comm: string): number[] {
  return childrenOf(pid).flatMap((each) => [
    ...(read(`/proc/${each}/comm`).trim() === comm ? [each] : []),
    ...descendants(each, comm),
  ]);
}

export function freeBytes(): number {
  return Number(/^MemFree:\s+(\d+) kB$/m.exec(read("/proc/meminfo"))?.[1]) * 1024;
}
