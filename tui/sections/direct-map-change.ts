/** What a recording did to the direct map: its page sizes then and after, splits, and whose they were. */
import type { PageSize } from "../../collector/events.ts";
import type { CauseShare, Report, SplitChange } from "../../collector/publish/report/report.ts";
import { indented, labelled, type Screen } from "../text/block.ts";
import { formatCount, formatShare } from "../text/counts.ts";
import { formatBytes } from "../text/sizes.ts";
import { type Row, table } from "../text/table.ts";
import { bySplitLevel } from "./direct-map.ts";

const pageSizes: readonly PageSize[] = ["4k", "2m", "1g"];
/** Causes that get a row, and processes that are named for each. */
const shown = 6;
const named = 3;

export function directMapChangeLines({ directMap }: Report, screen: Screen): string[] {
  const { begin, end, splits, collapses } = directMap;
  const sizes = pageSizes.flatMap((size) =>
    begin[size] === null && end[size] === null
      ? []
      : [
          `${size.toUpperCase()} ${formatBytes(begin[size])} -> ${formatBytes(end[size])}${moved(begin[size], end[size])}`,
        ],
  );
  const text = sizes.length > 0 ? sizes.join("; ") : "this kernel does not say by which page sizes it is mapped";
  return [
    ...labelled("direct map", text, screen),
    ...labelled("splits", bySplitLevel(splits) ?? "not counted by this kernel", screen),
    ...labelled("collapses", bySplitLevel(collapses) ?? "not counted by this kernel", screen),
  ];
}

function moved(begin: number | null, end: number | null): string {
  if (begin === null || end === null || begin === end) return "";
  return ` (${end > begin ? "+" : "-"}${formatBytes(Math.abs(end - begin))})`;
}

/** Attributed and unattributed are named beside what they add up to. */
export function splitShareLines({ kernel, attributed, unattributed, causes }: SplitChange, screen: Screen): string[] {
  const text =
    kernel === null
      ? `${formatCount(attributed)} with a known cause; the kernel does not count them`
      : `${formatCount(attributed)} with a known cause + ${formatCount(unattributed)} without = ${formatCount(kernel)} counted by the kernel`;
  const lines = labelled("causes", text, screen);
  if (causes.length === 0) return lines;
  const rest = causes.slice(shown);
  const rows = table(
    [
      { heading: "COUNT", align: "right" },
      { heading: "SHARE", align: "right" },
      { heading: "CAUSE" },
      { heading: "PROCESSES", shrinkTo: 12 },
    ],
    causes.slice(0, shown).map((share) => row(share, kernel ?? attributed)),
    screen,
  );
  const left = rest.reduce((sum, { count }) => sum + count, 0);
  return [
    ...lines,
    ...rows,
    ...(rest.length === 0 ? [] : indented(`and ${formatCount(left)} by other causes`, 2, screen, "quiet")),
  ];
}

function row({ cause, own, count, processes, left }: CauseShare, whole: number): Row {
  const names = processes.slice(0, named).map(({ pid, comm, count: times }) => {
    const who = pid === 0 && comm === "" ? "several" : `${comm} [${pid}]`;
    return `${who} ${formatCount(times)}`;
  });
  const more = processes.length + left.entries - names.length;
  const who = own ? "secretscope itself" : `${names.join(", ")}${more > 0 ? ` and ${formatCount(more)} more` : ""}`;
  return { cells: [formatCount(count), count < 0 ? "-" : formatShare(count, whole), cause, who] };
}
