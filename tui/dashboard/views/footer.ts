/** One line: what can be done now; or the filter that is being typed; or what was just done. */
import { truncate, width } from "../../text/width.ts";
import { commandsIn, type Mode } from "../keys.ts";
import type { Look } from "../look.ts";
import type { State } from "../state.ts";
import { type Line, line, outside, type Span, span } from "./line.ts";

export function footerLine(state: State, found: number, columns: number, look: Look, mode: Mode = "live"): Line {
  if (state.editing !== null) return prompt(state.filter, found, columns, look);
  if (state.message !== null) return line(" ", span(truncate(outside(state.message, look), columns - 2), "accent"));
  const hints = commandsIn(mode)
    .filter(({ footer }) => footer !== undefined && (footer.only ?? mode) === mode)
    .sort((a, b) => (a.footer?.rank ?? 0) - (b.footer?.rank ?? 0));
  const spans: Span[] = [];
  let room = columns - 1;
  for (const { shown, footer } of hints) {
    const key = asciiKey(shown.split(" ")[0] ?? "", look);
    const word = footer?.word ?? "";
    room -= width(key) + width(word) + 3;
    if (room < 0) break;
    spans.push({ text: " " }, span(key, "strong"), span(` ${word} `, "quiet"));
  }
  return { spans };
}

/** Arrows by name where there are no arrows. */
export function asciiKey(shown: string, look: Look): string {
  if (!look.ascii) return shown;
  return shown.replace("↑", "Up").replace("↓", "Down").replace("→", "Right").replace("←", "Left");
}

function prompt(filter: string, found: number, columns: number, look: Look): Line {
  const right = `  ${found} found, Enter keeps, Esc takes back `;
  const room = columns - right.length - 3;
  const text = outside(filter, look);
  // The end is what is being typed.
  const cut = width(text) <= room ? text : `…${[...text].slice(-(room - 1)).join("")}`;
  const spaces = " ".repeat(Math.max(0, room - width(cut)));
  return line(span(" /", "accent"), span(cut, "strong"), span("_", "accent"), spaces, span(right, "quiet"));
}
