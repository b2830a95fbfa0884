/** The direct map: by what page sizes, how often split, and what splits cost. */
import type { PageSize } from "../../collector/events.ts";
import type { DirectMapView } from "../../collector/snapshot.ts";
import { labelled, type Screen } from "../text/block.ts";
import { formatCount, sum } from "../text/counts.ts";
import { formatBytes } from "../text/sizes.ts";

type BySplitLevel = DirectMapView["splits"];

const pageSizes: readonly (readonly [PageSize, string])[] = [
  ["4k", "4K"],
  ["2m", "2M"],
  ["1g", "1G"],
];

/** "2M 330, 1G 0": mappings that were broken, by their size. undefined: this kernel counts neither. */
export function bySplitLevel(counts: BySplitLevel): string | undefined {
  const known = (["2m", "1g"] as const).filter((level) => counts[level] !== null);
  if (known.length === 0) return undefined;
  return known.map((level) => `${level.toUpperCase()} ${formatCount(counts[level])}`).join(", ");
}

export function totalSplits(counts: BySplitLevel): number | null {
  return sum([counts["2m"], counts["1g"]]);
}

export function directMapLines(view: DirectMapView, screen: Screen): string[] {
  const total = sum(Object.values(view.bytes));
  const sizes = pageSizes
    .filter(([size]) => view.bytes[size] !== null)
    .map(([size, name]) => {
      const bytes = view.bytes[size] ?? 0;
      return `${name} ${formatBytes(bytes)}${total ? ` (${Math.round((bytes / total) * 100)}%)` : ""}`;
    });
  const text = sizes.length > 0 ? sizes.join(", ") : "this kernel does not say by which page sizes it is mapped";
  return [...labelled("direct map", text, screen), ...splitLines(view, screen)];
}

function splitLines(view: DirectMapView, screen: Screen): string[] {
  const sinceStart = bySplitLevel(view.sinceStart.splits);
  const sinceBoot = bySplitLevel(view.splits);
  if (sinceStart === undefined && sinceBoot === undefined)
    return labelled("splits", "not counted by this kernel", screen);
  const parts = [
    ...(sinceStart === undefined ? [] : [`${sinceStart} since start`]),
    ...(sinceBoot === undefined ? [] : [`${sinceBoot} since boot`]),
  ];
  const own = bySplitLevel(view.sinceStart.own);
  return [
    ...labelled("splits", parts.join("; "), screen),
    ...((totalSplits(view.sinceStart.own) ?? 0) > 0
      ? labelled("", `of these ${own} by secretscope's own probes`, screen, "quiet")
      : []),
  ];
}

/** shared/users.md question 6: say what was measured, and no more. Intel 2021 (11 benchmarks), Meta 2022. */
export const costOfSplits =
  "Cost: published figures are small, at most about 1% (Meta 2022: 0.5 to 0.9% from fewer splits; Intel 2021: 4K pages " +
  "worst on average, no size always best) and nothing for some workloads. Splits do not mend before a reboot.";
