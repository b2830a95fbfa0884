/** docs/deploy/secretscope.service as data, and a way to run a program under its restrictions without systemd. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const repository = join(import.meta.dirname, "../..");
export const unitText = readFileSync(join(repository, "docs/deploy/secretscope.service"), "utf8");

/** All values of a key, in the order of the file. */
export const values = (key: string) =>
  [...unitText.matchAll(/^(\w+)=(.*)$/gm)].filter(([, name]) => name === key).map(([, , value = ""]) => value);

/** bpf, perfmon and so on, as setpriv(1) calls them. */
export const capabilities = values("CapabilityBoundingSet")
  .flatMap((value) => value.split(" "))
  .map((name) => name.replace("CAP_", "").toLowerCase());

/** Calls of a set, sets in it taken apart. */
function members(name: string): string[] {
  if (!name.startsWith("@")) return [name];
  const text = execFileSync("systemd-analyze", ["syscall-filter", name, "--no-pager"], { encoding: "utf8" });
  return text
    .split("\n")
    .slice(1)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .flatMap(members);
}

/** What SystemCallFilter= comes to when its first line forbids: that, without what the later lines allow. */
export function deniedCalls(): string[] {
  const [first = "", ...later] = values("SystemCallFilter");
  if (!first.startsWith("~") || later.some((line) => line.startsWith("~"))) throw new Error("first forbid, then allow");
  const allowed = new Set(later.flatMap((line) => line.split(" ")).flatMap(members));
  const denied = new Set(first.slice(1).split(" ").flatMap(members));
  return [...denied].filter((name) => !allowed.has(name));
}

/** Everything read-only as ProtectSystem=strict and ReadOnlyPaths= have it, then the limits, then the command. */
const script = `
mount --make-rprivate /
mount -o remount,bind,ro /
for path in $(awk '$2 ~ "^/sys" { print $2 }' /proc/self/mounts); do mount -o remount,bind,ro "$path"; done
mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys
mount --bind /dev/null /proc/kcore 2>/dev/null
ulimit -l unlimited 2>/dev/null
bounding=$1 confine=$2; shift 2
exec setpriv --bounding-set "$bounding" --inh-caps=-all --no-new-privs "$confine" "$@"`;

/**
 * @param folder for the compiled helper
 * @returns the words before a command that put it under the unit's restrictions, less some of its capabilities
 */
export function confinement(folder: string): (without?: string) => readonly [string, ...string[]] {
  const lines = deniedCalls().map((name) => `#ifdef __NR_${name}\n__NR_${name},\n#endif\n`);
  writeFileSync(join(folder, "denied.h"), lines.join(""));
  const confine = join(folder, "confine");
  execFileSync("cc", ["-O1", "-Wall", "-Werror", `-I${folder}`, "-o", confine, join(import.meta.dirname, "confine.c")]);
  return (without) => {
    const kept = capabilities.filter((name) => name !== without).map((name) => `+${name}`);
    return ["unshare", "--mount", "sh", "-c", script, "sh", ["-all", ...kept].join(), confine];
  };
}
