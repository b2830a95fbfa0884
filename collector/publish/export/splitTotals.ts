/** Splits since the recording began, by cause: with the unattributed ones they are what /proc/vmstat moved by. */
import type { SplitCause } from "../../events.ts";
import type { Snapshot } from "../../snapshot.ts";

const none: Readonly<Record<SplitCause, number>> = {
  secretmem: 0,
  bpf: 0,
  module: 0,
  execmem: 0,
  gpu: 0,
  tracing: 0,
  other: 0,
};

export const splitCauses = Object.keys(none) as readonly SplitCause[];

/** null: this kernel's splits are not counted by cause. */
export function splitTotals({ splitCauses: rows, evidence }: Snapshot): Readonly<Record<SplitCause, number | null>> {
  const totals: Record<SplitCause, number> = { ...none };
  for (const { cause, count } of rows) totals[cause] += count;
  if (rows.length > 0 || evidence.route.splits !== null) return totals;
  return Object.fromEntries(splitCauses.map((cause) => [cause, null])) as Record<SplitCause, null>;
}
