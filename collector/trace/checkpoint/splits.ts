/**
 * Splits: how often, through which stack, and which mapping was broken. The level of a sample without one was found
 * from how /proc/vmstat moved at the time (ledger/splits.ts, settle); here vmstat is made to move so again.
 */
import type { Event, KernelSample, SplitSample } from "../../events.ts";
import type { CauseEntry } from "../../ledger/splits.ts";
import { type CheckpointMemory, type LastSample, type SplitCounters, splitName } from "./memory.ts";
import { idOf } from "./parts.ts";

/** More than any count of splits, so that no single entry can explain a movement of twice this. */
const farAway = 2 ** 40;

/** How the present count of a counter without level was shared out, and what older generations left. */
interface Shares {
  readonly as2m: number;
  readonly as1g: number;
  readonly asUnknown: number;
  readonly before2m: number;
  readonly before1g: number;
  readonly beforeUnknown: number;
}

const none: LastSample = { epoch: 0, count: 0 };

function sharesOf({ counts }: CauseEntry, counters: SplitCounters): Shares {
  const count = counters.get("unknown")?.count ?? 0;
  const room2m = counts["2m"] - (counters.get("2m")?.count ?? 0);
  const room1g = counts["1g"] - (counters.get("1g")?.count ?? 0);
  const as2m = Math.min(count, room2m);
  const as1g = Math.min(count - as2m, room1g);
  const asUnknown = count - as2m - as1g;
  return {
    as2m,
    as1g,
    asUnknown,
    before2m: room2m - as2m,
    before1g: room1g - as1g,
    beforeUnknown: counts.unknown - asUnknown,
  };
}

/** @param tick ends a reading: what was counted until then is shared out */
export function splitEvents(memory: CheckpointMemory, first: KernelSample, tick: Event): Event[] {
  const entries = memory.ledger.splits.entries.map((entry) => {
    const counters: SplitCounters = memory.splits.get(splitName(entry.cause, entry.process, entry.stack)) ?? new Map();
    const { cause, process, stack, last } = entry;
    const sample = (level: SplitSample["level"], epoch: number, count: number): SplitSample => ({
      kind: "split",
      at: last,
      ...idOf(process),
      epoch,
      cause,
      level,
      stack,
      count,
    });
    return { counters, shares: sharesOf(entry, counters), sample };
  });
  const moved = (by2m: number, by1g: number): KernelSample => ({
    ...first,
    splits: { "2m": (first.splits["2m"] ?? 0) + by2m, "1g": (first.splits["1g"] ?? 0) + by1g },
  });
  const stage = (kernel: KernelSample, samples: readonly Event[]) =>
    samples.length > 0 ? [...samples, kernel, tick] : [];
  const withUnknown = entries.filter(({ counters }) => counters.has("unknown"));
  const epochOf = (counters: SplitCounters) => counters.get("unknown")?.epoch ?? 0;
  return [
    first,
    // In the order of the ledger.
    ...entries.map(({ sample }) => sample(null, 0, 0)),
    ...entries.flatMap(({ sample, counters, shares }) => [
      ...(shares.before2m > 0 ? [sample("2m", 0, shares.before2m)] : []),
      ...(shares.before1g > 0 ? [sample("1g", 0, shares.before1g)] : []),
      ...(["2m", "1g"] as const).flatMap((level) => {
        const { epoch, count } = counters.get(level) ?? none;
        return count > 0 ? [sample(level, epoch, count)] : [];
      }),
    ]),
    // Both levels moved: nobody can tell which.
    ...stage(
      moved(farAway, farAway),
      entries
        .filter(({ shares }) => shares.beforeUnknown > 0)
        .map(({ sample, shares }) => sample(null, 0, shares.beforeUnknown)),
    ),
    // Nothing moved, and where nothing moved it was not a 1G mapping.
    tick,
    ...stage(
      entries.some(({ shares }) => shares.beforeUnknown > 0) ? moved(farAway, farAway) : first,
      withUnknown.map(({ sample, shares, counters }) => sample(null, epochOf(counters), shares.as2m)),
    ),
    // Only the 1G counter moved.
    ...stage(
      entries.some(({ shares }) => shares.beforeUnknown > 0) ? moved(farAway, 0) : moved(0, farAway),
      withUnknown
        .filter(({ shares }) => shares.as1g > 0)
        .map(({ sample, shares, counters }) => sample(null, epochOf(counters), shares.as2m + shares.as1g)),
    ),
    // Both again, and further than before.
    ...stage(
      moved(3 * farAway, 3 * farAway),
      withUnknown
        .filter(({ shares }) => shares.asUnknown > 0)
        .map(({ sample, counters }) => sample(null, epochOf(counters), counters.get("unknown")?.count ?? 0)),
    ),
  ];
}
