/** Holders by who they are, for good: a pid is reused, a pid with its start is not. */
import type { HolderView, Snapshot } from "../../../collector/snapshot.ts";

export const holderKey = ({ pid, startTicks }: Pick<HolderView, "pid" | "startTicks">): string =>
  `${pid}:${startTicks}`;

// Each snapshot is compared with the one before by several parts of the screen: its keys are made once.
const made = new WeakMap<readonly HolderView[], ReadonlyMap<string, HolderView>>();

/** By holderKey. */
export function holdersOf({ secret: { holders } }: Snapshot): ReadonlyMap<string, HolderView> {
  const known = made.get(holders);
  if (known !== undefined) return known;
  const index = new Map<string, HolderView>();
  for (const holder of holders) index.set(holderKey(holder), holder);
  made.set(holders, index);
  return index;
}
