/** A table that knows which columns matter most: on a narrow screen the others go, and what stays is aligned. */
import type { Glyphs } from "../look.ts";
import type { Sort } from "../state.ts";
import { fit, type Line, type Span, type Tone } from "./line.ts";

export interface Column<Row> {
  readonly name: string;
  readonly heading: string;
  readonly align?: "right";
  /** Columns of the terminal that it needs; the heading and its sort mark have to fit. */
  readonly width: number;
  /** May grow to this when there is room. */
  readonly most?: number;
  /** Lower stays longer. */
  readonly rank: number;
  /** @param width what the column got */
  readonly cell: (row: Row, width: number) => string | Span;
}

interface Placed<Row> {
  readonly column: Column<Row>;
  readonly from: number;
  readonly width: number;
}

const lead = 1;

/** Drops the least important columns until the rest fits, then lets some grow. */
export function place<Row>(columns: readonly Column<Row>[], room: number): readonly Placed<Row>[] {
  const gap = room >= 140 ? 2 : 1;
  const chosen = new Set(columns);
  const total = () => lead + [...chosen].reduce((sum, { width }) => sum + width + gap, -gap);
  for (const column of [...columns].sort((a, b) => b.rank - a.rank)) {
    if (total() <= room || chosen.size === 1) break;
    chosen.delete(column);
  }
  let spare = room - total();
  const widths = new Map([...chosen].map((column) => [column, column.width]));
  for (let grew = true; spare > 0 && grew; ) {
    grew = false;
    for (const column of chosen) {
      const now = widths.get(column) ?? 0;
      if (spare <= 0 || now >= (column.most ?? 0)) continue;
      widths.set(column, now + 1);
      spare -= 1;
      grew = true;
    }
  }
  let from = lead;
  return [...chosen].map((column) => {
    const placed = { column, from, width: Math.min(widths.get(column) ?? column.width, room - lead) };
    from += placed.width + gap;
    return placed;
  });
}

export function headLine<Row>(placed: readonly Placed<Row>[], sort: Sort | undefined, { sorted }: Glyphs): Line {
  const spans: Span[] = [];
  let at = 0;
  for (const { column, from, width } of placed) {
    const active = sort?.column === column.name;
    const mark = active ? (sort.descending ? sorted.down : sorted.up) : "";
    spans.push({ text: " ".repeat(from - at) });
    spans.push({ text: fit(column.heading + mark, width, column.align ?? "left"), tone: active ? "strong" : "quiet" });
    at = from + width;
  }
  const heads = placed.map(({ column, from, width }) => ({ from, to: from + width, column: column.name }));
  return { spans, heads };
}

export function rowLine<Row>(
  placed: readonly Placed<Row>[],
  row: Row,
  key: string,
  selected: boolean,
  tone?: Tone,
): Line {
  const spans: Span[] = [];
  let at = 0;
  for (const { column, from, width } of placed) {
    const made = column.cell(row, width);
    const each: Span = typeof made === "string" ? { text: made } : made;
    const text = fit(each.text, width, column.align ?? "left");
    const meaning = each.tone ?? tone;
    spans.push({ text: " ".repeat(from - at) });
    spans.push(meaning === undefined ? { text } : { text, tone: meaning });
    at = from + width;
  }
  return { spans, key, selected };
}
