/** RLIMIT_MEMLOCK: what the host's accounting model sets against it. One pass for all holders of a snapshot. */
import type { HolderView, Snapshot } from "../../../collector/snapshot.ts";

/** Bytes; null: not known; "exempt": the kernel sets nothing against this holder's limit. */
export type LimitUse = number | null | "exempt";

export function limitUse({ host, secret }: Snapshot): (holder: HolderView) => LimitUse {
  // Old model: whole mappings, at mmap; CAP_IPC_LOCK is exempt, which root has unless someone took it away.
  if (host.accounting === "mlock") return ({ uid, mappedBytes }) => (uid === 0 ? "exempt" : mappedBytes);
  if (host.accounting === null) return () => null;
  // New model: every touched page, against the user who made the file, root too. Sharers each count their part.
  const byUser = new Map<number, number>();
  for (const { uid, proportionalBytes, residentBytes } of secret.holders) {
    const bytes = proportionalBytes ?? residentBytes;
    if (uid !== null && bytes !== null) byUser.set(uid, (byUser.get(uid) ?? 0) + bytes);
  }
  return ({ uid }) => (uid === null ? null : (byUser.get(uid) ?? null));
}

/** How near: 0 to 1 and beyond; null where there is no such figure. */
export function nearness(use: LimitUse, limit: HolderView["memlockLimitBytes"]): number | null {
  if (typeof use !== "number" || typeof limit !== "number") return null;
  return limit === 0 ? (use > 0 ? Number.POSITIVE_INFINITY : 0) : use / limit;
}
