/** RLIMIT_MEMLOCK: what the host's accounting model sets against it, how near that is, and who is above it. */
import type { HolderView, Snapshot } from "./snapshot.ts";

/** Bytes; null: not known; "exempt": the kernel sets nothing against this holder's limit. */
export type LimitUse = number | null | "exempt";

/** One pass for all holders of a snapshot. */
export function limitUse({ host, secret }: Snapshot): (holder: HolderView) => LimitUse {
  // Old model: whole mappings, at mmap; CAP_IPC_LOCK is exempt, which root has unless someone took it away.
  if (host.accounting === "mlock") return ({ uid, mappedBytes }) => (uid === 0 ? "exempt" : mappedBytes);
  if (host.accounting === null) return () => null;
  // New model: every touched page, against the user who made the file; root too.
  const byUser = bytesByUser(secret.holders);
  return ({ uid }) => (uid === null ? null : (byUser.get(uid) ?? null));
}

/** How near: 0 to 1 and beyond; null where there is no such figure. */
export function nearness(use: LimitUse, limit: HolderView["memlockLimitBytes"]): number | null {
  if (typeof use !== "number" || typeof limit !== "number") return null;
  return limit === 0 ? (use > 0 ? Number.POSITIVE_INFINITY : 0) : use / limit;
}

/** Sharers each count their part of a page, so that processes add up to pages. null: not known. */
export const partOf = ({ proportionalBytes, residentBytes }: HolderView) => proportionalBytes ?? residentBytes;

export interface UserAboveLimit {
  readonly uid: number;
  readonly residentBytes: number;
  readonly limitBytes: number;
}

/** Users whose resident secret memory is above their limit: possible, and worth knowing. */
export function usersAboveLimit({ host, secret: { holders } }: Snapshot): UserAboveLimit[] {
  const above: UserAboveLimit[] = [];
  for (const [uid, residentBytes] of bytesByUser(holders)) {
    if (uid === 0 && host.accounting !== "user") continue;
    const limitBytes = highestLimit(holders.filter((each) => each.uid === uid));
    if (limitBytes === null || residentBytes === null || residentBytes <= limitBytes) continue;
    above.push({ uid, residentBytes, limitBytes });
  }
  return above;
}

/** null: one of the user's processes is not known, so the sum is not either. */
function bytesByUser(holders: readonly HolderView[]): ReadonlyMap<number, number | null> {
  const sums = new Map<number, number | null>();
  for (const holder of holders) {
    if (holder.uid === null) continue;
    const [before = 0, bytes] = [sums.get(holder.uid), partOf(holder)];
    sums.set(holder.uid, before === null || bytes === null ? null : before + bytes);
  }
  return sums;
}

/** null: unknown or unlimited. Processes of a user may differ; only who is above all of them is surely above. */
function highestLimit(holders: readonly HolderView[]): number | null {
  let highest: number | null = null;
  for (const { memlockLimitBytes } of holders) {
    if (memlockLimitBytes === null || memlockLimitBytes === "unlimited") return null;
    highest = Math.max(highest ?? 0, memlockLimitBytes);
  }
  return highest;
}
