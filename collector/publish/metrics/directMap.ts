/** The direct map: how it is mapped, who splits it. */
import { splitCauses } from "../../alerts/figures/directMap.ts";
import type { PageSize, SplitLevel } from "../../events.ts";
import type { Snapshot } from "../../snapshot.ts";
import type { Families, Series } from "./families.ts";
import { Settled } from "./settled.ts";

const sizes: readonly PageSize[] = ["4k", "2m", "1g"];
const levels: readonly SplitLevel[] = ["2m", "1g"];
/** Splits that attaching the probes costs are no other program's. */
const ownCause = "secretscope";

export class DirectMapMetrics {
  /** Splits of no known level; those of a reading that is still going on get theirs later. */
  readonly #unknownLevel = new Settled();

  observe(snapshot: Snapshot): void {
    this.#unknownLevel.observe(snapshot, countBy(snapshot, null));
  }

  write(families: Families, snapshot: Snapshot): void {
    const { directMap, evidence } = snapshot;
    const byLevel = (figure: Readonly<Record<SplitLevel, number | null>>): Series[] =>
      levels.map((level) => ({ labels: { level }, value: figure[level] }));
    families.gauge(
      "secretscope_direct_map_bytes",
      "Size of the direct map by the size of the pages that map it. A share of 4k that keeps growing is fragmentation; only a reboot undoes it.",
      sizes.map((size) => ({ labels: { page_size: size }, value: directMap.bytes[size] })),
    );
    families.counter(
      "secretscope_direct_map_splits_total",
      "Splits since secretscope started, by the level of the mapping that was broken and by what asked for it. Take its rate to see who fragments the direct map now; cause secretscope is the price of its own probes.",
      evidence.route.splits === null ? null : this.#attributed(snapshot),
    );
    families.gauge(
      "secretscope_direct_map_unattributed_splits",
      "Splits that the kernel counted since secretscope started and no stack explains: with secretscope_direct_map_splits_total they add up to the kernel's count. Below 0: races for one page. Not near 0: causes are incomplete, see secretscope_evidence_state.",
      evidence.unattributedSplits,
    );
    families.counter(
      "secretscope_direct_map_kernel_splits_total",
      "Splits since boot as /proc/vmstat counts them, whoever caused them: the truth that causes are compared with.",
      byLevel(directMap.splits),
    );
    families.counter(
      "secretscope_direct_map_kernel_collapses_total",
      "Mappings that the kernel put together again since boot, by the level they came back to. Kernels that never do this have no series.",
      byLevel(directMap.collapses),
    );
  }

  #attributed(snapshot: Snapshot): Series[] {
    const series = (counts: ReadonlyMap<string, number>, level: string, causes: Iterable<string>): Series[] =>
      Array.from(causes, (cause) => ({ labels: { level, cause }, value: counts.get(cause) ?? 0 }));
    const unknown = this.#unknownLevel.counts;
    return [
      ...levels.flatMap((level) => series(countBy(snapshot, level), level, [...splitCauses, ownCause])),
      ...series(unknown, "unknown", unknown.keys()),
    ];
  }
}

function countBy({ splitCauses: rows }: Snapshot, level: SplitLevel | null): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) {
    if (row.level !== level) continue;
    const cause = row.own ? ownCause : row.cause;
    counts.set(cause, (counts.get(cause) ?? 0) + row.count);
  }
  return counts;
}
