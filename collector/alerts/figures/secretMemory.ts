/** Figures of secret memory: how much of RAM it is, whose it is, and what nobody holds. */
import { partOf } from "../../memlock.ts";
import type { HolderView, Snapshot } from "../../snapshot.ts";
import { type Figure, largest, processName, type Reading, reading, unknown } from "./reading.ts";

const shareOfRam = (bytes: number | null, { host }: Snapshot) =>
  bytes === null || host.memoryBytes <= 0 ? null : bytes / host.memoryBytes;

export const secretShare: Figure = {
  unit: "share",
  means: "secret memory as part of RAM",
  read: (snapshot) => reading(shareOfRam(snapshot.secret.residentBytes, snapshot)),
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
  read: ({ secret }) => reading(secret.unheldBytes),
};

export const hibernationBlocked: Figure = {
  unit: "flag",
  means: "the kernel refuses hibernation because of secret memory",
  read: ({ hibernation, secret }) => {
    if (hibernation.blocked === null) return unknown;
    const [first] = secret.holders;
    return reading(hibernation.blocked ? 1 : 0, first === undefined ? null : processName(first));
  },
};

function largestGroup(snapshot: Snapshot, nameOf: (holder: HolderView) => string | null): Reading {
  const { secret, evidence } = snapshot;
  if (evidence.scanAgeMs === null) return unknown;
  const groups = new Map<string, number>();
  for (const holder of secret.holders) {
    const name = nameOf(holder);
    const bytes = partOf(holder);
    if (name === null || bytes === null) return unknown;
    groups.set(name, (groups.get(name) ?? 0) + bytes);
  }
  const top = largest(Array.from(groups, ([who, value]) => reading(value, who)));
  return reading(shareOfRam(top.value, snapshot), top.who);
}
