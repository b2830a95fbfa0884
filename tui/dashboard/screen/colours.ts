/** What each meaning looks like: few colours, told apart by colour-blind eyes, and never the only sign of anything. */
import type { Look } from "../look.ts";
import type { Tone } from "../views/line.ts";

/** blessed packs an attribute in one number: flags << 18, foreground << 9, background (lib/widgets/screen.js). */
const defaultColour = 0x1ff;
const bold = 1;
const inverse = 8;

interface Style {
  readonly flags?: number;
  /** One of the terminal's own 16 colours; undefined: its text colour. */
  readonly of16?: number;
  readonly of256?: number;
}

// Blue, sky and orange of the Okabe-Ito palette stay apart for every kind of colour blindness. Text that matters less
// is grey only where 256 colours promise a grey that can be read on black and on white.
const styles: Readonly<Record<Tone, Style>> = {
  plain: {},
  strong: { flags: bold },
  quiet: { of256: 245 },
  accent: { flags: bold, of16: 6, of256: 38 },
  warning: { flags: bold, of16: 3, of256: 214 },
  bad: { flags: bold, of16: 1, of256: 202 },
  "1g": { of16: 4, of256: 32 },
  "2m": { of16: 6, of256: 74 },
  "4k": { of16: 3, of256: 208 },
};

/** The terminal's own foreground and background, nothing set. */
export const plainAttribute = pack(0, defaultColour);

export function attributeOf(tone: Tone, selected: boolean, colours: Look["colours"]): number {
  const { flags = 0, of16, of256 } = styles[tone];
  const colour = colours === 0 ? undefined : colours === 256 ? (of256 ?? of16) : of16;
  // A selected row is one bar: colours inside it would make it hard to read.
  return selected ? pack(flags | inverse, defaultColour) : pack(flags, colour ?? defaultColour);
}

function pack(flags: number, foreground: number): number {
  return (flags << 18) | (foreground << 9) | defaultColour;
}

/** What blessed-contrib takes: a number of the 256 colours, or "normal". */
export function chartColour(tone: Tone, colours: Look["colours"]): number | "normal" {
  const { of16, of256 } = styles[tone];
  return (colours === 0 ? undefined : colours === 256 ? (of256 ?? of16) : of16) ?? "normal";
}
