/** A blessed box whose text is put into cells by us: by display width, clipped to the box, nothing interpreted. */
import blessed from "blessed";
import { safeText } from "../../text/safe.ts";
import { width } from "../../text/width.ts";
import type { Rect } from "../layout.ts";
import type { Look } from "../look.ts";
import { type Line, oneColumnEach } from "../views/line.ts";
import { attributeOf, plainAttribute } from "./colours.ts";

/** One cell of blessed's screen: its attribute and what is written there. */
type Cell = [attribute: number, text: string];
type CellRow = Cell[] & { dirty: boolean };

interface CellScreen {
  readonly lines: CellRow[];
  readonly olines: CellRow[];
}

const printable = /^[\x20-\x7e]*$/;
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
/** Stands in ASCII for what views write otherwise. */
const asciiOf: Readonly<Record<string, string>> = { "…": "~", "–": "-", "·": "|" };

/** blessed's types name its classes in a place where they are not. */
const { Box } = blessed as unknown as { readonly Box: typeof blessed.Widgets.BoxElement };

export class Pane extends Box {
  #lines: readonly Line[] = [];
  #rect: Rect = { x: 0, y: 0, width: 0, height: 0 };
  readonly #look: Look;

  constructor(parent: blessed.Widgets.Screen, look: Look) {
    super({ parent, tags: false });
    this.#look = look;
  }

  place(rect: Rect, lines: readonly Line[]): void {
    this.#rect = rect;
    this.#lines = lines;
  }

  get rect(): Rect {
    return this.#rect;
  }

  get lines(): readonly Line[] {
    return this.#lines;
  }

  /** Called by blessed for each frame. Only cells that change make blessed write. */
  override render(): never {
    if (!this.hidden) {
      const screen = this.screen as unknown as CellScreen;
      for (let row = 0; row < this.#rect.height; row += 1) this.#renderLine(screen, row);
    }
    return undefined as never;
  }

  #renderLine(screen: CellScreen, row: number): void {
    const { x: left, y, width: columns } = this.#rect;
    const cells = screen.lines[y + row];
    const shown = screen.olines[y + row];
    const content = this.#lines[row];
    if (cells === undefined || shown === undefined) return;
    const end = Math.min(left + columns, cells.length);
    const selected = content?.selected === true;
    let x = left;
    const put = (attribute: number, text: string) => {
      const cell = cells[x];
      if (cell !== undefined && (cell[0] !== attribute || cell[1] !== text)) {
        cell[0] = attribute;
        cell[1] = text;
        cells.dirty = true;
      }
      x += 1;
    };
    for (const { text, tone } of content?.spans ?? []) {
      const attribute = attributeOf(tone ?? "plain", selected, this.#look.colours);
      if (oneColumnEach.test(text) && !(this.#look.ascii && !printable.test(text))) {
        for (let index = 0; index < text.length && x < end; index += 1) put(attribute, text[index] ?? " ");
        continue;
      }
      // Every view has made its text safe; this holds for those that will be written, too.
      for (const { segment } of graphemes.segment(safeText(text))) {
        const size = width(segment);
        if (size === 0 || x >= end) continue;
        if (x + size > end) break;
        if (this.#look.ascii) {
          for (const character of asciiText(segment, size)) put(attribute, character);
          continue;
        }
        if (size === 1 && segment.length === 1) {
          put(attribute, segment);
          continue;
        }
        const at = x;
        // Terminals do not agree on how wide such a character is: its place is blanked before it, and the next one's
        // place is said after it.
        const goTo = (column: number) => `\x1b[${y + row + 1};${column + 1}H`;
        put(attribute, " ".repeat(size) + goTo(at) + segment + goTo(at + size));
        for (let more = 1; more < size; more += 1) put(attribute, "");
        // blessed counts one column a cell: all of it is written, or nothing.
        const columnsOf = Array.from({ length: size }, (_, index) => at + index);
        const changed = columnsOf.some((column) => differs(cells[column], shown[column]));
        if (changed) for (const column of columnsOf) forget(shown[column]);
        if (changed) cells.dirty = true;
      }
    }
    const rest = selected ? attributeOf("plain", true, this.#look.colours) : plainAttribute;
    while (x < end) put(rest, " ");
  }
}

const differs = (a: Cell | undefined, b: Cell | undefined) => a?.[0] !== b?.[0] || a?.[1] !== b?.[1];

/** As if the terminal showed something else there. */
function forget(cell: Cell | undefined): void {
  if (cell !== undefined) cell[1] = "\0";
}

function asciiText(segment: string, size: number): string {
  return (asciiOf[segment] ?? "?").padEnd(size, "?").slice(0, size);
}
