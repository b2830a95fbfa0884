/** One line that says where a replay is, how fast it goes, and where things happened. */
import type { LandmarkKind, Landmarks } from "../../../collector/sources/trace-file/landmarks.ts";
import type { Speed } from "../../../collector/sources/trace-file/observation.ts";
import type { Look } from "../look.ts";
import { clock, elapsed } from "./figures.ts";
import { type Line, type Span, span, type Tone, width } from "./line.ts";

/** Times are ns of the recording's CLOCK_MONOTONIC. */
export interface Position {
  readonly from: bigint;
  readonly to: bigint;
  readonly time: bigint;
  /** Wall clock at `time`, ISO 8601. */
  readonly wall: string;
  readonly playing: boolean;
  /** There is nothing behind it. */
  readonly atEnd: boolean;
  readonly speed: Speed;
  readonly landmarks: Landmarks;
  /** On the way to another time; how much of the way is done, 0 to 1. */
  readonly jump?: { readonly to: bigint; readonly done: number } | undefined;
}

/** Where several things happened in one column, the first of these is shown. Letters: colour alone tells nobody enough. */
export const marks: readonly (readonly [LandmarkKind, string, Tone])[] = [
  ["oomKill", "X", "bad"],
  ["refused", "R", "warning"],
  ["gap", "?", "warning"],
  ["split", "s", "accent"],
];

/** Narrower than this the clocks at both ends leave too little to see. */
const clockColumns = 80;

export function timeLine(position: Position, columns: number, look: Look): Line {
  const { left, bar, right } = parts(position, columns);
  return { spans: [...left, ...barSpans(position, bar, look), ...right] };
}

/** The time under a column of the line; undefined beside the bar. */
export function timeAt(position: Position, columns: number, x: number): bigint | undefined {
  const { left, bar } = parts(position, columns);
  const column = x - widthOf(left);
  if (column < 0 || column >= bar) return undefined;
  const { from, to } = position;
  // Where the cursor gets to this column.
  return from + ceiling((to - from) * BigInt(column), BigInt(Math.max(1, bar - 1)));
}

function parts(position: Position, columns: number): { left: Span[]; bar: number; right: Span[] } {
  const { from, to, time, playing, atEnd, speed, landmarks, jump } = position;
  const total = elapsed(to - from);
  const word = jump !== undefined ? "jumping" : playing ? "playing" : atEnd ? "at end" : "paused";
  const rate = jump !== undefined ? `${Math.floor(jump.done * 100)}%` : speed === "most" ? "most" : `${speed}x`;
  const clocks = columns >= clockColumns;
  const wallAt = (at: bigint) => clock(new Date(Date.parse(position.wall) + Number(at - time) / 1e6).toString());
  const left = [
    span(` ${word.padEnd(7)}`, playing ? "strong" : "warning"),
    span(` ${rate.padStart(5)} `, "strong"),
    ...(clocks ? [span(` ${wallAt(from)} `, "quiet")] : []),
  ];
  // It goes when it is done: what is not marked until then may have happened all the same.
  const looking = landmarks.read < 1 ? ` marks ${Math.floor(landmarks.read * 100)}%` : "";
  const right = [
    ...(clocks ? [span(` ${wallAt(to)} `, "quiet")] : []),
    span(` ${elapsed((jump?.to ?? time) - from).padStart(total.length)}`, "strong"),
    span(` of ${total}${looking} `, "quiet"),
  ];
  return { left, bar: Math.max(0, columns - widthOf(left) - widthOf(right)), right };
}

const widthOf = (spans: readonly Span[]) => spans.reduce((sum, { text }) => sum + width(text), 0);

function barSpans({ from, to, time, landmarks, jump }: Position, bar: number, { glyphs }: Look): Span[] {
  const spans: Span[] = [];
  const length = to > from ? to - from : 1n;
  const last = BigInt(Math.max(1, bar - 1));
  const here = Math.min(bar - 1, Math.max(0, Number((((jump?.to ?? time) - from) * last) / length)));
  for (let column = 0; column < bar; column += 1) {
    // Each column begins half-open where the cursor would get to it: a mark and the cursor on it fall together.
    const begins = from + ceiling(BigInt(column) * length, last);
    const ends = from + ceiling(BigInt(column + 1) * length, last);
    const found = marks.find(([kind]) => landmarks.between(kind, begins, ends));
    if (column === here) spans.push(span(glyphs.frame.side, "strong"));
    else if (found !== undefined) spans.push(span(found[1], found[2]));
    else spans.push(span(column < here ? glyphs.heavyRule : glyphs.rule, column < here ? "accent" : "quiet"));
  }
  return spans;
}

const ceiling = (a: bigint, b: bigint) => (a + b - 1n) / b;
