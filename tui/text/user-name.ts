/** Names of users, as /etc/passwd had them at the first question; who is not in it (LDAP) stays a number. */
import { userNamesIn } from "../../collector/sources/procfs/users.ts";

let names: ReadonlyMap<number, string> | undefined;

/** A redacted recording's users have numbers from here on (collector/trace/redaction). */
const firstPseudonym = 2 ** 32;

/** "root", "1000" where there is no name, "user-3f9a1c2d" where it is redacted, "?" where there is no number. */
export function userName(uid: number | null): string {
  if (uid === null) return "?";
  if (uid >= firstPseudonym) return `user-${(uid - firstPseudonym).toString(36).padStart(8, "0")}`;
  names ??= userNamesIn("/etc/passwd");
  return names.get(uid) ?? String(uid);
}
