/** What a view is made of: lines of spans. A span says what its text means; colours are chosen where it is drawn. */
import { safeText } from "../../text/safe.ts";
import { fit as fitAny, truncate, width as widthOf, wrap } from "../../text/width.ts";
import type { Look } from "../look.ts";

export type Tone = "plain" | "strong" | "quiet" | "accent" | "warning" | "bad" | "1g" | "2m" | "4k";

export interface Span {
  readonly text: string;
  readonly tone?: Tone;
}

export interface Line {
  readonly spans: readonly Span[];
  /** The row it shows: a click on it selects. */
  readonly key?: string;
  readonly selected?: boolean;
  /** Column heads: a click on one sorts. */
  readonly heads?: readonly { readonly from: number; readonly to: number; readonly column: string }[];
}

export const emptyLine: Line = { spans: [] };

export function line(...spans: readonly (Span | string)[]): Line {
  return { spans: spans.map((each) => (typeof each === "string" ? { text: each } : each)) };
}

export const span = (text: string, tone: Tone): Span => ({ text, tone });

/** Text that came from outside: made safe, and in ASCII where the terminal has no more. Nothing else may be shown. */
export function outside(text: string, look: Look): string {
  const safe = safeText(text);
  if (!look.ascii) return safe;
  return safe.replace(/[^\x20-\x7e]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** Words over as many lines as they take, moved in. */
export function paragraph(text: string, columns: number, indent = 1, tone?: Tone): Line[] {
  return wrap(text, Math.max(1, columns - indent - 1)).map((part) =>
    line(" ".repeat(indent), tone === undefined ? part : span(part, tone)),
  );
}

export const lineWidth = ({ spans }: Line): number => spans.reduce((sum, { text }) => sum + width(text), 0);

/** Left and right ends of one line; the left gives way. */
export function ends(left: readonly Span[], right: readonly Span[], columns: number): Line {
  const taken = right.reduce((sum, { text }) => sum + width(text), 0);
  let room = Math.max(0, columns - taken - 1);
  const kept: Span[] = [];
  for (const each of left) {
    const text = truncate(each.text, room);
    room -= width(text);
    kept.push({ ...each, text });
    if (text !== each.text) break;
  }
  return { spans: [...kept, { text: " ".repeat(room + 1) }, ...right] };
}

/** The line above a panel: its number and name, a rule, and what it all comes to. */
export function title(
  options: { number: number; name: string; summary: string; focused: boolean; columns: number; tone?: Tone },
  { glyphs }: Look,
): Line {
  const { number, name, summary, focused, columns } = options;
  const rule = focused ? glyphs.heavyRule : glyphs.rule;
  const left = ` ${number} ${name} `;
  const room = columns - width(left) - 6;
  const right = summary === "" ? "" : ` ${truncate(summary, Math.max(0, room))} `;
  const between = Math.max(0, columns - 2 - width(left) - width(right));
  const tone = focused ? "accent" : "quiet";
  return line(
    span(rule, tone),
    span(left, focused ? "accent" : "strong"),
    span(rule.repeat(between), tone),
    span(right, options.tone ?? "plain"),
    span(rule, tone),
  );
}

/** ASCII and the glyphs that the screen itself draws: each takes one column. Bars and rules are long, and are many. */
export const oneColumnEach = /^[\x20-\x7e─━█▓▒·▁-▇▲▼–…│┌┐└┘]*$/;

export const width = (text: string): number => (oneColumnEach.test(text) ? text.length : widthOf(text));

/** Exactly so many columns, padded or cut. */
export function fit(text: string, columns: number, align: "left" | "right" = "left"): string {
  if (text.length > columns || !oneColumnEach.test(text)) return fitAny(text, columns, align);
  return align === "left" ? text.padEnd(columns) : text.padStart(columns);
}
