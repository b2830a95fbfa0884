/** Names of users. Node has no getpwuid: /etc/passwd is read once, and who is not in it (LDAP) stays a number. */
import { readFileSync } from "node:fs";

let names: ReadonlyMap<number, string> | undefined;

function read(file: string): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  try {
    for (const line of readFileSync(file, "utf8").split("\n")) {
      const [name, , uid] = line.split(":");
      // The first entry of a number is the one that getpwuid gives.
      if (name && uid && /^\d+$/.test(uid) && !found.has(Number(uid))) found.set(Number(uid), name);
    }
  } catch {
    // No file, no names: numbers are right too.
  }
  return found;
}

/** A redacted recording's users have numbers from here on (collector/trace/redaction). */
const firstPseudonym = 2 ** 32;

/** "root", "1000" where there is no name, "user-3f9a1c2d" where it is redacted, "?" where there is no number. */
export function userName(uid: number | null): string {
  if (uid === null) return "?";
  if (uid >= firstPseudonym) return `user-${(uid - firstPseudonym).toString(36).padStart(8, "0")}`;
  names ??= read("/etc/passwd");
  return names.get(uid) ?? String(uid);
}
