/** A label in the margin and text beside it, wrapped under itself: the shape of every plain block. */
import type { Paint, Tone } from "./paint.ts";
import { safeText } from "./safe.ts";
import { fit, width, wrap } from "./width.ts";

/** What a plain text is made for. */
export interface Screen {
  readonly columns: number;
  readonly paint: Paint;
}

/** Width of the margin; the longest label is "secret memory". */
export const margin = 15;

/** Text (made safe here) in as many lines as it needs; no line is wider than the screen. */
export function labelled(label: string, text: string, screen: Screen, tone?: Tone): string[] {
  const lines = wrap(safeText(text), screen.columns - margin);
  return lines.map((line, index) => {
    const side = fit(index === 0 ? label : "", margin);
    return (index === 0 ? screen.paint("heading", side) : side) + (tone ? screen.paint(tone, line) : line);
  });
}

/** Text (made safe here) wrapped with every line moved in. */
export function indented(text: string, columns: number, screen: Screen, tone?: Tone): string[] {
  const space = " ".repeat(columns);
  return wrap(safeText(text), screen.columns - width(space)).map(
    (line) => space + (tone ? screen.paint(tone, line) : line),
  );
}
