/** Figures of secret memory: how much of RAM it is, whose it is, and what nobody holds. */
import { partOf } from "../../memlock.ts";
import type { HolderView, Snapshot } from "../../snapshot.ts";
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

const shareOfRam = (bytes: number | null, { host }: Snapshot) =>
  bytes === null || host.memoryBytes <= 0 ? null : bytes / host.memoryBytes;

/** Measured in /proc at each look, or counted by probes that run; and nothing is shown as it was before a gap. */
const knowsPages = (snapshot: Snapshot) =>
  (snapshot.evidence.route.pages === "procfs" || countersSpeak(snapshot)) &&
  !snapshot.evidence.reasons.some(({ kind }) => kind === "unverified");

export const secretShare: Figure = {
  unit: "share",
  means: "secret memory as part of RAM",
  read: (snapshot) => reading(knowsPages(snapshot) ? shareOfRam(snapshot.secret.residentBytes, snapshot) : null),
};

export const secretShareOfUser: Figure = {
  unit: "share",
  means: "secret memory of the user who has most, as part of RAM",
  read: (snapshot) => largestGroup(snapshot, ({ uid }) => (uid === null ? null : `uid ${uid}`)),
};

export const secretShareOfCgroup: Figure = {
  unit: "share",
  means: "secret memory of the cgroup that has most, as part of RAM",
  read: (snapshot) => largestGroup(snapshot, ({ cgroup }) => cgroup),
};

export const unheldBytes: Figure = {
  unit: "bytes",
  means: "secret memory that no process has open or mapped",
  read: (snapshot) => reading(knowsPages(snapshot) ? snapshot.secret.unheldBytes : null),
};

export const chargedWithoutHolderBytes: Figure = {
  unit: "bytes",
  means:
    "secret memory, come since secretscope started, that a cgroup is charged for and none of its processes has open or mapped; of the cgroup with most",
  read: (snapshot) => chargedWithoutHolder(snapshot),
};

export const hibernationBlocked: Figure = {
  unit: "flag",
  means: "the kernel refuses hibernation because of secret memory",
  read: (snapshot) => {
    const { hibernation, secret } = snapshot;
    const [first] = secret.holders;
    // A file without a holder is known by its counters only.
    if (hibernation.blocked === null || (first === undefined && !knowsPages(snapshot))) return unknown;
    return reading(hibernation.blocked ? 1 : 0, first === undefined ? null : processName(first));
  },
};

/** Of the cgroup with most; unknown as soon as it is not known who pays for some of it. */
export function chargedWithoutHolder(snapshot: Snapshot): Reading {
  // Snapshots written before there were charges have none.
  const charges = snapshot.secret.charges ?? null;
  if (charges === null || !knowsPages(snapshot)) return unknown;
  return largest(charges.map(({ cgroup, withoutHolderBytes }) => reading(withoutHolderBytes, cgroup)));
}

function largestGroup(snapshot: Snapshot, nameOf: (holder: HolderView) => string | null): Reading {
  if (!knowsHolders(snapshot)) return unknown;
  const groups = new Map<string, number>();
  for (const holder of snapshot.secret.holders) {
    const name = nameOf(holder);
    const bytes = partOf(holder);
    if (name === null || bytes === null) return unknown;
    groups.set(name, (groups.get(name) ?? 0) + bytes);
  }
  const top = largest(Array.from(groups, ([who, value]) => reading(value, who)));
  return reading(shareOfRam(top.value, snapshot), top.who);
}
