/** Who holds secret memory: one row for each process or group, and one for what no process holds. */
import { mostRefusedProcesses, type Snapshot } from "../../../collector/snapshot.ts";
import { counted, formatCount, formatShare } from "../../text/counts.ts";
import { formatBytes, formatLimit } from "../../text/sizes.ts";
import type { Look } from "../look.ts";
import { holderKey } from "../model/holderIndex.ts";
import type { HolderRow } from "../model/holderRows.ts";
import type { ListState, SortColumn, State } from "../state.ts";
import { type Column, headLine, place, rowLine } from "./columns.ts";
import { formatShort } from "./figures.ts";
import { emptyLine, type Line, outside, paragraph, span, title } from "./line.ts";

export interface HolderColumn extends Column<HolderRow> {
  /** null: not known; sorts last. */
  readonly value: (row: HolderRow) => number | string | null;
}

/** As near to its limit as this is worth a mark. */
const nearLimit = 0.8;

export function holderColumns(look: Look): readonly HolderColumn[] {
  const known = (text: (row: HolderRow) => string) => (row: HolderRow) =>
    row.kind === "unheld" ? span(look.glyphs.unknown, "quiet") : text(row);
  const right = { align: "right" } as const;
  return [
    {
      ...{ name: "pid", heading: "PID", ...right, width: 7, rank: 1 },
      value: ({ pid }) => pid,
      cell: ({ pid, kind, processes }) =>
        kind === "group" ? span(`(${formatShort(processes)})`, "quiet") : (pid?.toString() ?? span("!", "warning")),
    },
    {
      ...{ name: "user", heading: "USER", width: 8, most: 16, rank: 6 },
      value: ({ user }) => user,
      cell: known(({ user }) => (user === null ? "?" : outside(user, look))),
    },
    {
      ...{ name: "command", heading: "COMMAND", width: 15, most: 24, rank: 0 },
      value: ({ comm }) => comm.toLowerCase(),
      cell: ({ comm, kind }) =>
        kind === "unheld" ? span(comm, "warning") : kind === "group" ? span(comm, "quiet") : outside(comm, look) || "?",
    },
    {
      ...{ name: "in", heading: "IN", width: 16, most: 44, rank: 9 },
      value: ({ place }) => place,
      cell: known(({ place: name }) => (name === null ? "?" : outside(name, look))),
    },
    {
      ...{ name: "resident", heading: "RESIDENT", ...right, width: 9, rank: 1 },
      value: ({ residentBytes }) => residentBytes,
      cell: ({ residentBytes }) => formatBytes(residentBytes),
    },
    {
      ...{ name: "share", heading: "SHARE", ...right, width: 9, rank: 7 },
      value: ({ proportionalBytes }) => proportionalBytes,
      cell: known(({ proportionalBytes }) => formatBytes(proportionalBytes)),
    },
    {
      ...{ name: "allocated", heading: "ALLOC", ...right, width: 8, rank: 5 },
      value: ({ allocatedBytes }) => allocatedBytes,
      cell: known(({ allocatedBytes }) => formatBytes(allocatedBytes)),
    },
    {
      ...{ name: "rate", heading: "ALLOC/S", ...right, width: 9, rank: 3 },
      value: ({ perSecond }) => perSecond,
      cell: (row) =>
        row.perSecond === null || row.perSecond < 0.5
          ? known(() => (row.perSecond === null ? "?" : "0"))(row)
          : formatBytes(Math.round(row.perSecond)),
    },
    {
      ...{ name: "holds", heading: "FD/MAP", ...right, width: 7, rank: 10 },
      value: ({ descriptors, mappings }) => (descriptors === null || mappings === null ? null : descriptors + mappings),
      cell: known(({ descriptors, mappings }) => `${formatShort(descriptors)}/${formatShort(mappings)}`),
    },
    {
      ...{ name: "limit", heading: "LIMIT", ...right, width: 9, rank: 8 },
      value: ({ limit }) => (limit === "unlimited" ? Number.POSITIVE_INFINITY : limit),
      cell: known(({ limit, kind }) => (kind === "group" ? look.glyphs.unknown : formatLimit(limit))),
    },
    {
      ...{ name: "used", heading: "USED", ...right, width: 6, rank: 2 },
      value: ({ near }) => near,
      cell: (row) => used(row, look),
    },
    {
      ...{ name: "refused", heading: "REF", ...right, width: 4, rank: 4 },
      value: ({ refused }) => refused,
      cell: (row) =>
        row.refused ? span(formatShort(row.refused), "warning") : known(({ refused }) => formatShort(refused))(row),
    },
  ];
}

function used({ kind, use, limit, near }: HolderRow, look: Look) {
  if (kind === "unheld") return span(look.glyphs.unknown, "quiet");
  if (use === "exempt") return span("exempt", "quiet");
  const text =
    kind === "group" ? (near === null ? look.glyphs.unknown : formatShare(near, 1)) : formatShare(use, limit);
  return near !== null && near >= nearLimit ? span(text, "warning") : text;
}

export function sortColumns(columns: readonly { name: string; align?: "right" }[]): readonly SortColumn[] {
  return columns.map(({ name, align }) => ({ name, descending: align === "right" && name !== "pid" }));
}

export interface HolderOptions {
  readonly columns: number;
  readonly rows: number;
  readonly focused: boolean;
  readonly root: boolean;
  readonly look: Look;
}

export function holderLines(
  snapshot: Snapshot,
  rows: readonly HolderRow[],
  state: State,
  options: HolderOptions,
): Line[] {
  const { columns, focused, look } = options;
  const head = title(
    { number: 2, name: "Holders", summary: summary(snapshot, rows, state, look), focused, columns },
    look,
  );
  if (rows.length === 0) return [head, emptyLine, ...nobody(snapshot, state, options)].slice(0, options.rows);
  const placed = place(holderColumns(look), columns);
  const list = state.lists.holders;
  const shown = visible(rows, list, options.rows - 2);
  return [
    head,
    headLine(placed, state.sort.holders, look.glyphs),
    ...shown.map((row) =>
      rowLine(placed, row, row.key, focused && list.selected === row.key, row.kind === "group" ? "strong" : undefined),
    ),
  ].slice(0, options.rows);
}

export function visible<Row>(rows: readonly Row[], list: ListState, room: number): readonly Row[] {
  return rows.slice(list.top, list.top + Math.max(0, room));
}

function summary({ secret }: Snapshot, rows: readonly HolderRow[], { filter, group }: State, look: Look): string {
  const all = secret.holders.length;
  const parts = [
    ...(filter === "" ? [] : [`filter ${outside(filter, look)}`]),
    ...(group === "none" ? [] : [`by ${group}`]),
    group !== "none"
      ? `${counted(rows.filter(({ kind }) => kind === "group").length, "group")} of ${formatCount(all)}`
      : filter === ""
        ? counted(all, "process", "processes")
        : `${formatCount(rows.length)} of ${formatCount(all)}`,
    ...(filter === "" ? refusedWithout(secret) : []),
  ];
  return parts.join(` ${look.glyphs.separator} `);
}

/** Who was turned down and holds nothing is no row here, and is named in Events. */
function refusedWithout({ holders, refusedProcesses }: Snapshot["secret"]): string[] {
  if (refusedProcesses.length === 0) return [];
  const held = new Set(holders.map(holderKey));
  const without = new Set(refusedProcesses.map(holderKey).filter((key) => !held.has(key)));
  // A full list says only that there were as many.
  const most = refusedProcesses.length >= mostRefusedProcesses ? "+" : "";
  return without.size === 0 ? [] : [`${formatCount(without.size)}${most} refused, holding none`];
}

/** An empty list has several meanings, and each has one next step. */
function nobody({ secret, evidence }: Snapshot, { filter }: State, { columns, root, look }: HolderOptions): Line[] {
  if (secret.holders.length > 0)
    return paragraph(`No holder matches "${outside(filter, look)}". Esc clears the filter.`, columns);
  if (evidence.hiddenProcesses > 0) {
    const next = root
      ? "They may have ended, or belong to a namespace of their own; e tells more."
      : "Next: run it as root (sudo secretscope), which sees all.";
    return [
      ...paragraph(
        `Nobody who could be seen holds secret memory; ${counted(evidence.hiddenProcesses, "process", "processes")} could not be looked into.`,
        columns,
      ),
      ...paragraph(next, columns, 1, "quiet"),
    ];
  }
  if (evidence.scanAgeMs === null)
    return paragraph("Nobody looked into /proc yet: the first reading is on its way.", columns);
  return [
    ...paragraph("Nobody holds secret memory. No process has a memfd_secret(2) file open or mapped.", columns),
    ...paragraph(
      "Normal on most hosts. To see some: stress-ng --secretmem 1 in another terminal.",
      columns,
      1,
      "quiet",
    ),
  ];
}
