/** Rows of cells under headings, cut to the width of the screen; cells are made safe here. */
import type { Paint, Tone } from "./paint.ts";
import { safeText } from "./safe.ts";
import { fit, width } from "./width.ts";

export interface Column {
  readonly heading: string;
  readonly align?: "left" | "right";
  /** May shrink down to this many columns when the screen is narrow. Without it the column is never cut. */
  readonly shrinkTo?: number;
}

export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

export interface Row {
  readonly cells: readonly (string | Cell)[];
  /** Lines that belong under the row, made and cut by the caller. */
  readonly below?: readonly string[];
}

const gap = "  ";

/** @returns lines of at most `columns` columns, as long as the columns that cannot shrink leave room for the others */
export function table(
  columns: readonly Column[],
  rows: readonly Row[],
  screen: { columns: number; paint: Paint },
): string[] {
  const texts = rows.map(({ cells }) => cells.map((cell) => safeText(typeof cell === "string" ? cell : cell.text)));
  const widths = shrink(
    columns,
    columns.map(({ heading }, index) => Math.max(width(heading), ...texts.map((row) => width(row[index] ?? "")))),
    screen.columns,
  );
  const line = (cells: readonly string[], paint: (index: number, text: string) => string) =>
    columns
      .map(({ align }, index) => {
        const last = index === columns.length - 1 && align !== "right";
        const text = fit(cells[index] ?? "", widths[index] ?? 0, align);
        return paint(index, last ? text.trimEnd() : text);
      })
      .join(gap);
  const heading = line(
    columns.map((column) => column.heading),
    (_, text) => text,
  );
  const body = rows.flatMap((row, number) => [
    line(texts[number] ?? [], (index, text) => {
      const cell = row.cells[index];
      return typeof cell === "object" && cell.tone ? screen.paint(cell.tone, text) : text;
    }),
    ...(row.below ?? []),
  ]);
  return [screen.paint("quiet", heading), ...body];
}

/** Takes what is too much from the widest column that may still shrink, one column at a time. */
function shrink(columns: readonly Column[], natural: readonly number[], room: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((total, each) => total + each, gap.length * (widths.length - 1)) - room;
  for (; excess > 0; excess -= 1) {
    let widest = -1;
    columns.forEach(({ shrinkTo }, index) => {
      const own = widths[index] ?? 0;
      if (shrinkTo !== undefined && own > shrinkTo && (widest < 0 || own > (widths[widest] ?? 0))) widest = index;
    });
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}
