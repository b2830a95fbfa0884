/** Whether /proc shows all processes of this machine, or whole processes are missing from it without a trace. */
import { readlinkSync } from "node:fs";
import type { Blind } from "../../events.ts";
import { defaultProcRoot, isMissing, readLatin1 } from "./procFile.ts";

/** The inode of the first pid namespace (PROC_PID_INIT_INO, include/linux/proc_ns.h). */
const initialPidNamespace = "pid:[4026531836]";

export interface Identity {
  readonly uid: number;
  readonly groups: readonly number[];
}

function ownIdentity(): Identity {
  return { uid: process.geteuid?.() ?? -1, groups: [process.getegid?.() ?? -1, ...(process.getgroups?.() ?? [])] };
}

/** Why processes of others do not appear in /proc at all; empty when all appear. Unlike unreadable ones they cannot be counted. */
export function unseenProcesses(procRoot: string = defaultProcRoot, self: Identity = ownIdentity()): readonly Blind[] {
  const blind: Blind[] = [];
  const mounts = readLatin1(`${procRoot}/self/mounts`);
  const options = isMissing(mounts) ? undefined : procOptions(mounts);
  if (options !== undefined && hides(options) && self.uid !== 0 && !exempt(options, self.groups)) {
    blind.push({
      fact: "holders of other users",
      reason: "/proc is mounted with hidepid",
      remedy: "run as root, or join the group named by the gid= mount option",
    });
  }
  const namespace = pidNamespace(procRoot);
  if (namespace !== undefined && namespace !== initialPidNamespace) {
    blind.push({
      fact: "holders outside this container",
      reason: "this pid namespace shows only its own processes",
      remedy: "run on the host, or in the host's pid namespace",
    });
  }
  return blind;
}

/** Options of the mount on /proc: the last one, if several lie on top of each other. */
function procOptions(mounts: string): readonly string[] | undefined {
  return Array.from(mounts.matchAll(/^\S+ \/proc proc (\S+)/gm), ([, options = ""]) => options.split(",")).at(-1);
}

/** hidepid=1 hides contents only, which a scan counts; 2 and 4 hide processes (fs/proc/root.c; words since 5.8). */
function hides(options: readonly string[]): boolean {
  return options.some((option) => /^hidepid=(2|4|invisible|ptraceable)$/.test(option));
}

function exempt(options: readonly string[], groups: readonly number[]): boolean {
  // gid= does not lift ptraceable (has_pid_permissions, fs/proc/base.c).
  if (options.some((option) => /^hidepid=(4|ptraceable)$/.test(option))) return false;
  // Without gid= the exempt group is 0 (has_pid_permissions: in_group_p(fs_info->pid_gid), zero by default).
  const gid = options.find((option) => option.startsWith("gid="))?.slice(4) ?? "0";
  return groups.includes(Number(gid));
}

function pidNamespace(procRoot: string): string | undefined {
  try {
    return readlinkSync(`${procRoot}/self/ns/pid`);
  } catch {
    return undefined;
  }
}
