/** Figures of limits: how near somebody is to RLIMIT_MEMLOCK, and how often the kernel said no. */
import type { HolderView, Snapshot } from "../../snapshot.ts";
import { type Figure, largest, processName, reading, unknown } from "./reading.ts";
import { bytesOf } from "./secretMemory.ts";

export const memlockShare: Figure = {
  unit: "share",
  means: "use of RLIMIT_MEMLOCK by the process or user nearest to it",
  read: (snapshot) => {
    const { holders } = snapshot.secret;
    if (snapshot.evidence.scanAgeMs === null) return unknown;
    const users = bytesByUser(holders);
    return largest(holders.map((holder) => reading(nearness(holder, users, snapshot), processName(holder))));
  },
};

export const refusalsPerMinute: Figure = {
  unit: "perMinute",
  means: "creations, mappings and faults of holders that the kernel turned down, over 5 minutes",
  read: ({ evidence, secret }, { now, minutes }) => {
    if (now === undefined || (evidence.route.refusals ?? null) === null) return unknown;
    const growth = minutes.growth(now, ({ refused }) => refused);
    if (growth === null) return unknown;
    const most = secret.holders.reduce<HolderView | undefined>(
      (a, b) => (b.refused > (a?.refused ?? 0) ? b : a),
      undefined,
    );
    return reading(growth.amount / growth.minutes, most === undefined ? null : processName(most));
  },
};

function bytesByUser(holders: readonly HolderView[]): ReadonlyMap<number, number | null> {
  const sums = new Map<number, number | null>();
  for (const holder of holders) {
    if (holder.uid === null) continue;
    const [before, bytes] = [sums.get(holder.uid), bytesOf(holder)];
    sums.set(holder.uid, before === null || bytes === null ? null : (before ?? 0) + bytes);
  }
  return sums;
}

/**
 * Old model: whole mappings of the process, CAP_IPC_LOCK exempt, which root has unless someone took it away.
 * New model: every touched page, against the user; root too.
 */
function nearness(holder: HolderView, users: ReadonlyMap<number, number | null>, { host }: Snapshot): number | null {
  const { uid, memlockLimitBytes: limit, mappedBytes } = holder;
  if (limit === "unlimited") return 0;
  if (host.accounting === null || uid === null) return null;
  if (host.accounting === "mlock" && uid === 0) return 0;
  const used = host.accounting === "mlock" ? mappedBytes : (users.get(uid) ?? null);
  if (limit === null || used === null) return null;
  // A limit of nothing is reached by nothing.
  return limit === 0 ? 1 : used / limit;
}
