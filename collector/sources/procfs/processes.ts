/** Who a process is. */
import { type Pid, type StartTicks, startTicks, pid as toPid } from "../../units.ts";
import { defaultProcRoot, isMissing, readLatin1, readUtf8 } from "./procFile.ts";

export interface ProcessStat {
  readonly pid: Pid;
  /** Hostile text: any bytes but NUL, decoded as UTF-8 (U+FFFD where it is not), at most 15 bytes for user processes. */
  readonly comm: string;
  /** R, S, D, Z, ... (proc_pid_stat(5)). */
  readonly state: string;
  readonly ppid: Pid;
  readonly kernelThread: boolean;
  /** On its way out, or a zombie. */
  readonly exiting: boolean;
  /** Time on a CPU in user and kernel mode, ticks of 1/100 s. */
  readonly cpuTicks: number;
  readonly threads: number;
  readonly started: StartTicks;
  readonly rssPages: number;
}

export interface ProcessRecord {
  readonly pid: Pid;
  readonly started: StartTicks;
  readonly comm: string;
  /** The real user: it is the one whose limit secret memory counts against. null when not readable. */
  readonly uid: number | null;
  /** Path in the hierarchy that charges memory, as seen from our cgroup namespace. */
  readonly cgroup: string | null;
  readonly ppid: Pid;
}

/** PF_KTHREAD, include/linux/sched.h. */
const kernelThreadFlag = 0x00200000;
/** PF_EXITING. */
const exitingFlag = 0x00000004;

/** comm stands raw between parentheses and may itself hold `)` and newlines: what follows begins after the last one. */
export function parseStat(text: string): ProcessStat | undefined {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open < 1 || close < open) return undefined;
  const fields = text.slice(close + 2).split(" ");
  // fields[0] is field 3 of proc_pid_stat(5).
  const field = (number: number) => Number(fields[number - 3] ?? Number.NaN);
  const started = field(22);
  if (!Number.isSafeInteger(started)) return undefined;
  return {
    pid: toPid(Number(text.slice(0, open))),
    comm: text.slice(open + 1, close),
    state: fields[0] ?? "",
    ppid: toPid(field(4)),
    // Bit operators would take field 9 for a signed 32-bit number; for one bit that is all the same.
    kernelThread: (field(9) & kernelThreadFlag) !== 0,
    exiting: (field(9) & exitingFlag) !== 0,
    cpuTicks: field(14) + field(15),
    threads: field(20),
    started: startTicks(started),
    rssPages: field(24),
  };
}

/** folder: /proc/PID or /proc/PID/task/TID. undefined: ended, or not permitted. */
export function readStat(folder: string): ProcessStat | undefined {
  const text = readUtf8(`${folder}/stat`);
  return isMissing(text) ? undefined : parseStat(text);
}

/** A v1 hierarchy shows whoever is ending as a member of its root (kernel/cgroup/cgroup.c, proc_cgroup_show). */
const cgroupOf = (path: string | null, { exiting }: ProcessStat) => (exiting && path === "/" ? null : path);

/** undefined: it ended. Fields that may not be read are null. */
export function readProcess(pid: number, procRoot: string = defaultProcRoot): ProcessRecord | undefined {
  const folder = `${procRoot}/${pid}`;
  const status = readLatin1(`${folder}/status`);
  const cgroup = readUtf8(`${folder}/cgroup`);
  // Last, since it tells whether the others still were what they had been.
  const stat = readStat(folder);
  if (stat === undefined) return undefined;
  return {
    pid: stat.pid,
    started: stat.started,
    comm: stat.comm,
    uid: isMissing(status) ? null : realUid(status),
    cgroup: isMissing(cgroup) ? null : cgroupOf(memoryCgroup(cgroup), stat),
    ppid: stat.ppid,
  };
}

/** Name is escaped in status (task_name with escape, fs/proc/array.c), so it cannot forge this line. */
function realUid(status: string): number | null {
  const found = /^Uid:\t(\d+)/m.exec(status)?.[1];
  return found === undefined ? null : Number(found);
}

/**
 * The path in the v1 `memory` hierarchy where there is one, else in the unified one. Lines are id:controllers:path; a
 * path may hold colons but no newline (cgroup_mkdir refuses it, kernel/cgroup/cgroup.c).
 */
export function memoryCgroup(text: string): string | null {
  let unified: string | null = null;
  for (const line of text.split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    if (controllers.split(",").includes("memory")) return path;
    if (controllers === "") unified = path;
  }
  return unified;
}
