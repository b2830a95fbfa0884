/** RLIMIT_MEMLOCK: what counts against it under each accounting model, and who is above it. */
import type { HolderView, Snapshot } from "../../collector/snapshot.ts";
import { sum } from "../text/counts.ts";
import { formatBytes } from "../text/sizes.ts";
import { userName } from "../text/user-name.ts";

/** Bytes that the kernel sets against the holder's limit; null: not known. "exempt": it sets nothing against it. */
export function charged(holder: HolderView, snapshot: Snapshot): number | null | "exempt" {
  switch (snapshot.host.accounting) {
    // Old model: whole mappings, at mmap; CAP_IPC_LOCK is exempt, which root has unless someone took it away.
    case "mlock":
      return holder.uid === 0 ? "exempt" : holder.mappedBytes;
    // New model: every touched page, against the user who made the file; root too.
    case "user":
      return residentOfUser(holder.uid, snapshot);
    default:
      return null;
  }
}

/** Sharers each count their part of a page, so that a user's processes add up to the user's pages. */
function residentOfUser(uid: number | null, { secret }: Snapshot): number | null {
  if (uid === null) return null;
  return sum(
    secret.holders.filter((each) => each.uid === uid).map((each) => each.proportionalBytes ?? each.residentBytes),
  );
}

/** Sentences for users whose resident secret memory is above their limit: possible, and worth knowing. */
export function usersAboveLimit(snapshot: Snapshot): string[] {
  const { holders } = snapshot.secret;
  const uids = new Set(holders.map((each) => each.uid).filter((uid) => uid !== null));
  return [...uids].flatMap((uid) => {
    if (uid === 0 && snapshot.host.accounting !== "user") return [];
    const limit = highestLimit(holders.filter((each) => each.uid === uid));
    const resident = residentOfUser(uid, snapshot);
    if (limit === null || resident === null || resident <= limit) return [];
    return [
      `Resident secret memory of user ${userName(uid)} (${formatBytes(resident)}) is above its RLIMIT_MEMLOCK ` +
        `(${formatBytes(limit)}).`,
    ];
  });
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
