/** Figures of limits: how near somebody is to RLIMIT_MEMLOCK, and how often the kernel said no. */
import { type LimitUse, limitUse, nearness } from "../../memlock.ts";
import type { HolderView, RefusedProcessView, SecretView, Snapshot } from "../../snapshot.ts";
import {
  countersSpeak,
  type Figure,
  knowsHolders,
  largest,
  processName,
  type Reading,
  reading,
  unknown,
} from "./reading.ts";

export const memlockShare: Figure = {
  unit: "share",
  means: "use of RLIMIT_MEMLOCK by the process or user nearest to it",
  read: (snapshot) => nearestToLimit(snapshot),
};

export const refusalsPerMinute: Figure = {
  unit: "perMinute",
  means: "creations, mappings and faults of secret memory that the kernel turned down, over 5 minutes",
  read: (snapshot, { now, minutes }) => {
    const { evidence, secret } = snapshot;
    if (now === undefined || (evidence.route.refusals ?? null) === null || !countersSpeak(snapshot)) return unknown;
    const growth = minutes.growth(now, ({ refused }) => refused);
    if (growth === null) return unknown;
    return reading(growth.amount / growth.minutes, mostRefused(secret));
  },
};

/** Use of the limit by the process or user nearest to it; unknown as soon as one of them is. */
export function nearestToLimit(snapshot: Snapshot): Reading {
  if (!knowsHolders(snapshot)) return unknown;
  const useOf = limitUse(snapshot);
  return largest(
    snapshot.secret.holders.map((holder) =>
      reading(shareOf(useOf(holder), holder.memlockLimitBytes), processName(holder)),
    ),
  );
}

/** Of those that were turned down lately. */
function mostRefused({ refusedProcesses }: SecretView): string | null {
  const counts = new Map<string, number>();
  let most: RefusedProcessView | undefined;
  for (const refused of refusedProcesses) {
    const key = `${refused.pid}:${refused.startTicks}`;
    const count = (counts.get(key) ?? 0) + refused.count;
    counts.set(key, count);
    if (most === undefined || count > (counts.get(`${most.pid}:${most.startTicks}`) ?? 0)) most = refused;
  }
  return most === undefined ? null : processName(most);
}

/** No limit, and none that counts, is never near. A limit of nothing is reached by nothing. */
function shareOf(use: LimitUse, limit: HolderView["memlockLimitBytes"]): number | null {
  if (limit === "unlimited" || use === "exempt") return 0;
  return limit === 0 && use !== null ? 1 : nearness(use, limit);
}
