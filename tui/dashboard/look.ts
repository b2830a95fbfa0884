/** What the terminal can show, read once from the environment: how many colours, which characters, a clipboard. */

export interface Glyphs {
  readonly rule: string;
  readonly heavyRule: string;
  readonly level: { readonly "1g": string; readonly "2m": string; readonly "4k": string };
  readonly empty: string;
  readonly sorted: { readonly up: string; readonly down: string };
  readonly separator: string;
  readonly unknown: string;
  readonly spark: readonly string[];
  readonly arrow: string;
  readonly frame: { readonly top: string; readonly bottom: string; readonly side: string; readonly across: string };
}

export interface Look {
  readonly colours: 0 | 16 | 256;
  readonly ascii: boolean;
  readonly glyphs: Glyphs;
  /** OSC 52 is understood, or ignored without harm. */
  readonly clipboard: boolean;
}

const unicode: Glyphs = {
  rule: "─",
  heavyRule: "━",
  level: { "1g": "█", "2m": "▓", "4k": "▒" },
  empty: "·",
  sorted: { up: "▲", down: "▼" },
  separator: "·",
  unknown: "–",
  spark: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
  arrow: "→",
  frame: { top: "┌┐", bottom: "└┘", side: "│", across: "─" },
};

const ascii: Glyphs = {
  rule: "-",
  heavyRule: "=",
  level: { "1g": "#", "2m": "=", "4k": "-" },
  empty: ".",
  sorted: { up: "^", down: "v" },
  separator: "|",
  unknown: "-",
  spark: ["_", ".", ":", "-", "=", "+", "*", "#"],
  arrow: "->",
  frame: { top: "++", bottom: "++", side: "|", across: "-" },
};

/** No font for blocks and braille there, and an unknown OSC is printed. */
const plainTerminal = /^(linux|vt\d|ansi|cons25)/;

export function lookOf(environment: NodeJS.ProcessEnv, askedForAscii: boolean): Look {
  const term = environment.TERM ?? "";
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || "";
  const utf8 = /utf-?8/i.test(locale) || locale === "";
  const inAscii = askedForAscii || !utf8 || plainTerminal.test(term);
  return {
    colours: coloursOf(environment, term),
    ascii: inAscii,
    glyphs: inAscii ? ascii : unicode,
    clipboard: !plainTerminal.test(term),
  };
}

/** FORCE_COLOR wins over NO_COLOR, as everywhere in secretscope (tui/text/paint.ts). */
function coloursOf(environment: NodeJS.ProcessEnv, term: string): Look["colours"] {
  const forced = environment.FORCE_COLOR;
  if (forced === "0" || forced === "false") return 0;
  if (forced === undefined && environment.NO_COLOR) return 0;
  if (/^vt\d/.test(term)) return 0;
  if (/256|direct|kitty|ghostty|alacritty|truecolor/.test(term) || /truecolor|24bit/.test(environment.COLORTERM ?? ""))
    return 256;
  return 16;
}

/** No terminal at either end, or one that cannot place text: `watch` is the right thing there. */
export function canDraw(
  input: { isTTY?: boolean },
  output: { isTTY?: boolean },
  environment: NodeJS.ProcessEnv,
): boolean {
  const term = environment.TERM ?? "";
  return input.isTTY === true && output.isTTY === true && term !== "" && term !== "dumb" && term !== "unknown";
}
