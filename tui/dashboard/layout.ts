/** Who gets which part of the screen. The focused panel grows first; a panel that gets one line shows its title. */
import type { PanelName } from "./state.ts";

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly header: Rect;
  readonly footer: Rect;
  /** Of a replay, above the footer. */
  readonly timeLine: Rect | null;
  readonly panels: Readonly<Record<PanelName, Rect>>;
  /** Where the charts go, inside the direct map panel; null: no room, a line of text takes their place. */
  readonly chart: Rect | null;
  /** Between panels side by side; empty where there are none. */
  readonly gap: Rect;
  readonly overlay: Rect;
}

export const smallest = { columns: 60, rows: 15 } as const;
const wideColumns = 160;
const chartColumns = 100;
const headerRows = 2;
/** Title, head, three sizes. */
const mapTable = 5;

/** @param wanted lines that each panel would like, title and head included; @param replayed room for a time line */
export function layout(
  columns: number,
  rows: number,
  focus: PanelName,
  wanted: Readonly<Record<PanelName, number>>,
  replayed = false,
): Layout | undefined {
  if (columns < smallest.columns || rows < smallest.rows) return undefined;
  const footerRows = replayed ? 2 : 1;
  const body = rows - headerRows - footerRows;
  const full = { x: 0, width: columns };
  const header = { ...full, y: 0, height: headerRows };
  const footer = { ...full, y: rows - 1, height: 1 };
  const mapRows = mapHeight(columns, rows);
  const map = { ...full, y: headerRows, height: mapRows };
  const hasChart = columns >= chartColumns && mapRows >= 9;
  const chart = hasChart
    ? { x: 1, y: headerRows + mapTable + 1, width: columns - 2, height: mapRows - mapTable - 1 }
    : null;
  const top = headerRows + mapRows;
  const left = body - mapRows;
  // A sheet that leaves only a few columns beside it would show halves of words there.
  const overlayWidth = columns < 120 ? columns : 100;
  const overlayHeight = rows - headerRows - footerRows;
  return {
    header,
    footer,
    timeLine: replayed ? { ...full, y: rows - 2, height: 1 } : null,
    chart,
    gap:
      columns >= wideColumns
        ? { x: holdersWidth(columns), y: top, width: 1, height: left }
        : { ...full, y: top, height: 0 },
    panels: {
      map,
      ...(columns >= wideColumns ? wide(columns, top, left, focus, wanted) : narrow(columns, top, left, focus, wanted)),
    },
    overlay: { x: Math.floor((columns - overlayWidth) / 2), y: headerRows, width: overlayWidth, height: overlayHeight },
  };
}

function mapHeight(columns: number, rows: number): number {
  if (rows < 20) return 3;
  if (rows < 30 || columns < chartColumns) return mapTable + 1;
  return Math.min(16, Math.max(11, Math.floor(rows * 0.27)));
}

type Lists = Record<Exclude<PanelName, "map">, Rect>;

function narrow(
  columns: number,
  top: number,
  rows: number,
  focus: PanelName,
  wanted: Readonly<Record<PanelName, number>>,
): Lists {
  const names = ["holders", "splits", "oom", "events"] as const;
  // Short screens give the room to one list, and one line to each other.
  const least =
    rows >= 13 ? { holders: 4, splits: 3, oom: 2, events: 3 } : { holders: 1, splits: 1, oom: 1, events: 1 };
  const first = focus === "map" ? "holders" : focus;
  const order = [first, ...names.filter((name) => name !== first)] as (typeof names)[number][];
  const heights = share(rows, order, least, wanted);
  const rects = {} as Lists;
  let y = top;
  for (const name of names) {
    rects[name] = { x: 0, y, width: columns, height: heights[name] };
    y += heights[name];
  }
  return rects;
}

const holdersWidth = (columns: number) => Math.floor(columns * 0.6);

function wide(
  columns: number,
  top: number,
  rows: number,
  focus: PanelName,
  wanted: Readonly<Record<PanelName, number>>,
): Lists {
  const leftWidth = holdersWidth(columns);
  const right = { x: leftWidth + 1, width: columns - leftWidth - 1 };
  const names = ["splits", "oom", "events"] as const;
  const first = names.find((name) => name === focus) ?? "splits";
  const order = [first, ...names.filter((name) => name !== first)];
  const heights = share(rows, order, { splits: 6, oom: 5, events: 6 }, wanted);
  const rects = { holders: { x: 0, y: top, width: leftWidth, height: rows } } as Lists;
  let y = top;
  for (const name of names) {
    rects[name] = { ...right, y, height: heights[name] };
    y += heights[name];
  }
  return rects;
}

/** Everyone the least, then in this order up to what each wants; what is left over goes to the first. */
function share<Name extends PanelName>(
  rows: number,
  order: readonly Name[],
  least: Readonly<Record<Name, number>>,
  wanted: Readonly<Record<PanelName, number>>,
): Record<Name, number> {
  const heights: Record<Name, number> = { ...least };
  let left = rows - order.reduce((sum, name) => sum + least[name], 0);
  order.forEach((name, index) => {
    // Half of the room at most for the first while others still want some.
    const others = order.slice(index + 1).reduce((sum, other) => sum + Math.max(0, wanted[other] - heights[other]), 0);
    const limit = index === 0 && rows >= 13 ? Math.max(Math.ceil(left * 0.6), left - others) : left;
    const more = Math.max(0, Math.min(wanted[name] - heights[name], limit, left));
    heights[name] += more;
    left -= more;
  });
  const last = order.includes("events" as Name) && rows >= 13 ? ("events" as Name) : order[0];
  if (last !== undefined) heights[last] += Math.max(0, left);
  return heights;
}
