/** Names of users, as /etc/passwd had them at the first question; who is not in it (LDAP) stays a number. */
import type { HostView } from "../../collector/snapshot.ts";
import { thisMachine } from "../../collector/sources/procfs/hostFacts.ts";
import { userNamesIn } from "../../collector/sources/procfs/users.ts";

/** "root", "1000" where there is no name, "user-3f9a1c2d" where it is redacted, "?" where there is no number. */
export type UserName = (uid: number | null) => string;

type Machine = Pick<HostView, "name" | "bootId">;

/** A redacted recording's users have numbers from here on (collector/trace/redaction). */
const firstPseudonym = 2 ** 32;

/** The one user who is the same everywhere. */
const anywhere: ReadonlyMap<number, string> = new Map([[0, "root"]]);

let here: (Machine & { readonly names: ReadonlyMap<number, string> }) | undefined;

/**
 * How to name users of a machine. Recordings hold numbers, and the same number is somebody else on another machine: of
 * one that is not this machine, in this boot, users stay numbers.
 */
export function userNames({ name, bootId }: Machine): UserName {
  here ??= { ...thisMachine(), names: userNamesIn("/etc/passwd") };
  const names = bootId !== "" && bootId === here.bootId && name === here.name ? here.names : anywhere;
  return (uid) => {
    if (uid === null) return "?";
    if (uid >= firstPseudonym) return `user-${(uid - firstPseudonym).toString(36).padStart(8, "0")}`;
    return names.get(uid) ?? String(uid);
  };
}

/** "vault (1000)", and the number once where there is no name. */
export function userAndNumber(uid: number | null, machine: Machine): string {
  const name = userNames(machine)(uid);
  return uid === null || name === String(uid) ? name : `${name} (${uid})`;
}
