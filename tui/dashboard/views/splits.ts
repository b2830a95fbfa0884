/** Who splits the direct map: cause, process, level, how often, when last. */
import type { Snapshot } from "../../../collector/snapshot.ts";
import { counted, formatCount, sum } from "../../text/counts.ts";
import { formatAgo } from "../../text/times.ts";
import type { Look } from "../look.ts";
import type { SplitRow } from "../model/splitRows.ts";
import type { State } from "../state.ts";
import { type Column, headLine, place, rowLine } from "./columns.ts";
import { formatShort } from "./figures.ts";
import { visible } from "./holders.ts";
import { emptyLine, type Line, outside, paragraph, span, title } from "./line.ts";

export interface SplitColumn extends Column<SplitRow> {
  readonly value: (row: SplitRow) => number | string | null;
}

/** @param now the snapshot's own time: ages are seen from there */
export function splitColumns(now: string, look: Look): readonly SplitColumn[] {
  const right = { align: "right" } as const;
  return [
    {
      ...{ name: "count", heading: "COUNT", ...right, width: 9, rank: 0 },
      value: ({ count }) => count,
      cell: ({ count }) => formatCount(count),
    },
    {
      ...{ name: "level", heading: "MAPPING", width: 8, rank: 3 },
      value: ({ level }) => level,
      // The route counts page-table pages: it cannot tell which size was broken.
      cell: ({ level }) => (level === null ? span("?", "quiet") : span(level.toUpperCase(), level)),
    },
    {
      ...{ name: "cause", heading: "CAUSE", width: 15, rank: 1 },
      value: ({ cause }) => cause,
      cell: ({ cause, own }) => (own ? span(`${cause} (own)`, "quiet") : cause),
    },
    {
      ...{ name: "pid", heading: "PID", ...right, width: 7, rank: 2 },
      value: ({ pid }) => pid,
      cell: ({ pid }) => String(pid),
    },
    {
      ...{ name: "process", heading: "PROCESS", width: 15, most: 32, rank: 1 },
      value: ({ comm }) => comm.toLowerCase(),
      cell: ({ comm }) => outside(comm, look) || "?",
    },
    {
      ...{ name: "last", heading: "LAST", ...right, width: 13, rank: 4 },
      value: ({ last }) => last,
      cell: ({ last }) => formatAgo(last, now),
    },
  ];
}

export interface ListOptions {
  readonly columns: number;
  readonly rows: number;
  readonly focused: boolean;
  readonly look: Look;
}

export function splitLines(snapshot: Snapshot, rows: readonly SplitRow[], state: State, options: ListOptions): Line[] {
  const { columns, focused, look } = options;
  const text = balance(snapshot);
  const tone = (snapshot.evidence.unattributedSplits ?? 0) > 0 ? ({ tone: "warning" } as const) : {};
  const head = title({ number: 3, name: "Who splits", summary: text, focused, columns, ...tone }, look);
  if (rows.length === 0) return [head, ...nobody(snapshot, state, options)].slice(0, options.rows);
  const placed = place(splitColumns(snapshot.time, look), columns);
  const list = state.lists.splits;
  return [
    head,
    headLine(placed, state.sort.splits, look.glyphs),
    ...visible(rows, list, options.rows - 2).map((row) =>
      rowLine(placed, row, row.key, focused && list.selected === row.key),
    ),
  ].slice(0, options.rows);
}

/** Attributed + unattributed is what the kernel counted, always, and on the screen too. */
export function balance({ directMap, evidence }: Snapshot): string {
  const all = sum(Object.values(directMap.sinceStart.splits));
  const without = evidence.unattributedSplits;
  if (all === null) return "not counted by this kernel";
  if (evidence.route.splits === null || without === null)
    return `${counted(all, "split")} since start, causes not seen`;
  // Two processors that break the same mapping at once both take a page for it, and one of them gives it back.
  if (without < 0)
    return `${formatShort(all - without)} by stack - ${formatShort(-without)} raced = ${formatShort(all)} since start`;
  return `${formatShort(all - without)} with cause + ${formatShort(without)} without = ${formatShort(all)} since start`;
}

function nobody({ evidence, splitCauses }: Snapshot, { filter }: State, { columns, look }: ListOptions): Line[] {
  if (splitCauses.length > 0) {
    return [emptyLine, ...paragraph(`No cause matches "${outside(filter, look)}". Esc clears the filter.`, columns)];
  }
  if (evidence.route.splits !== null && evidence.route.splits !== "procfs") {
    return paragraph("Nobody split the direct map since start.", columns, 1, "quiet");
  }
  const blind = evidence.blind.find(({ fact }) => /split/i.test(fact));
  if (blind === undefined) return paragraph("Causes are not seen here: only the totals above can be read.", columns);
  return [
    ...paragraph(`Causes are not seen: ${outside(blind.reason, look)}.`, columns),
    ...paragraph(`Next: ${outside(blind.remedy, look)}.`, columns, 1, "quiet"),
  ];
}
