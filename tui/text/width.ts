/** Text measured in terminal columns, which is neither its length nor its number of characters. */
import stringWidth from "string-width";

const ascii = /^[\x20-\x7e]*$/;
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Columns that the text takes. Expects one line without escape sequences. */
export function width(text: string): number {
  return ascii.test(text) ? text.length : stringWidth(text);
}

/** At most `columns` columns of the text; what was cut is marked with an ellipsis. */
export function truncate(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  if (columns <= 0) return "";
  return `${start(text, columns - 1)}…`;
}

/** The longest beginning that fits, never half a character. */
function start(text: string, columns: number): string {
  if (ascii.test(text)) return text.slice(0, columns);
  let taken = "";
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const next = width(segment);
    if (used + next > columns) break;
    taken += segment;
    used += next;
  }
  return taken;
}

/** Exactly `columns` columns: padded or cut. A wide character that does not fit at the edge leaves a space. */
export function fit(text: string, columns: number, align: "left" | "right" = "left"): string {
  const cut = truncate(text, columns);
  const space = " ".repeat(Math.max(0, columns - width(cut)));
  return align === "left" ? cut + space : space + cut;
}

/** Words over lines of at most `columns` columns; a word longer than a line is broken. */
export function wrap(text: string, columns: number): string[] {
  const room = Math.max(1, columns);
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").filter((each) => each !== "")) {
    if (line !== "" && width(line) + 1 + width(word) <= room) {
      line += ` ${word}`;
      continue;
    }
    if (line !== "") lines.push(line);
    line = word;
    while (width(line) > room) {
      // A character wider than the line still has to go somewhere.
      const head = start(line, room) || (line.match(/^./su)?.[0] ?? line);
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  if (line !== "" || lines.length === 0) lines.push(line);
  return lines;
}
