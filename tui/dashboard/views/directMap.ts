/** The direct map: what is left of each mapping size, how fast it breaks, and when the last one goes. */
import type { PageSize, SplitLevel } from "../../../collector/events.ts";
import { sum } from "../../text/counts.ts";
import { formatBytes } from "../../text/sizes.ts";
import type { Look } from "../look.ts";
import { forecast } from "../model/forecast.ts";
import { buckets, rate } from "../model/rates.ts";
import type { Scene } from "../model/scene.ts";
import { type Column, headLine, place, rowLine } from "./columns.ts";
import { forecastText, formatPercent, formatRate, formatShort, windowText } from "./figures.ts";
import { emptyLine, type Line, line, paragraph, type Span, span, title } from "./line.ts";

interface SizeRow {
  readonly size: PageSize;
  readonly bytes: number | null;
  readonly whole: number | null;
  readonly perSecond: number | null;
  readonly last: string;
  readonly since: number | null;
  readonly own: number | null;
  readonly boot: number | null;
  readonly collapses: number | null;
}

const levels: readonly SplitLevel[] = ["1g", "2m"];

export interface MapOptions {
  readonly columns: number;
  readonly rows: number;
  readonly focused: boolean;
  readonly windowSeconds: number;
  /** Charts are drawn below: no line of blocks is needed. */
  readonly charted: boolean;
}

export function directMapLines(scene: Scene, options: MapOptions, look: Look): Line[] {
  const { columns, rows, windowSeconds } = options;
  const { directMap } = scene.snapshot;
  const whole = sum(Object.values(directMap.bytes));
  const summary = `splits over ${windowText(windowSeconds)}`;
  const head = title({ number: 1, name: "Direct map", summary, focused: options.focused, columns }, look);
  if (whole === null && levels.every((level) => directMap.splits[level] === null)) {
    const text = "This kernel does not say by which page sizes its direct map is mapped, nor count splits (x86 does).";
    return [head, ...paragraph(text, columns)].slice(0, rows);
  }
  const table = rowsOf(scene, whole, windowSeconds);
  if (rows < 5) return [head, stacked(table, whole, columns, look), inWords(table)].slice(0, rows);
  const placed = place(columnsOf(look), columns);
  const below = options.charted
    ? captions(scene, windowSeconds, columns)
    : sparkLine(scene, windowSeconds, columns, look);
  return [
    head,
    headLine(placed, undefined, look.glyphs),
    ...table.map((row) => rowLine(placed, row, row.size, false)),
    below,
  ].slice(0, rows);
}

function rowsOf({ snapshot, samples }: Scene, whole: number | null, windowSeconds: number): SizeRow[] {
  const { bytes, splits, collapses, sinceStart } = snapshot.directMap;
  const level = (size: SplitLevel): SizeRow => ({
    size,
    bytes: bytes[size],
    whole,
    perSecond: rate(samples, windowSeconds, (sample) => sample.splits[size]),
    last: forecastText(forecast(size, bytes, samples, windowSeconds)),
    since: sinceStart.splits[size],
    own: sinceStart.own[size],
    boot: splits[size],
    collapses: collapses[size],
  });
  const pages: SizeRow = {
    ...level("2m"),
    size: "4k",
    bytes: bytes["4k"],
  };
  return [level("1g"), level("2m"), pages];
}

const nameOf: Record<PageSize, string> = { "1g": "1G", "2m": "2M", "4k": "4K" };

function columnsOf(look: Look): readonly Column<SizeRow>[] {
  // A 4K mapping is the smallest: nothing of this can happen to it.
  const split = (cell: (row: SizeRow) => string | Span) => (row: SizeRow) =>
    row.size === "4k" ? span(look.glyphs.unknown, "quiet") : cell(row);
  const right = { align: "right" } as const;
  return [
    { name: "size", heading: "", width: 2, rank: 0, cell: ({ size }) => span(nameOf[size], size) },
    { name: "bytes", heading: "SIZE", ...right, width: 8, rank: 1, cell: ({ bytes }) => formatBytes(bytes) },
    {
      name: "share",
      heading: "SHARE",
      ...right,
      width: 5,
      rank: 2,
      cell: ({ bytes, whole }) => formatPercent(bytes, whole),
    },
    { name: "bar", heading: "", width: 8, most: 40, rank: 4, cell: (row, width) => bar(row, width, look) },
    {
      name: "rate",
      heading: "SPLITS/S",
      ...right,
      width: 8,
      rank: 1,
      cell: split(({ perSecond }) => (perSecond ? span(formatRate(perSecond), "warning") : formatRate(perSecond))),
    },
    {
      name: "since",
      heading: "SINCE START",
      ...right,
      width: 11,
      rank: 3,
      cell: split(({ since }) => formatShort(since)),
    },
    { name: "own", heading: "OWN", ...right, width: 4, rank: 6, cell: split(({ own }) => formatShort(own)) },
    { name: "boot", heading: "SINCE BOOT", ...right, width: 10, rank: 5, cell: split(({ boot }) => formatShort(boot)) },
    {
      name: "collapses",
      heading: "COLLAPSED",
      ...right,
      width: 9,
      rank: 7,
      cell: split(({ collapses }) => formatShort(collapses)),
    },
    { name: "last", heading: "LAST GOES", ...right, width: 14, most: 20, rank: 2, cell: split(({ last }) => last) },
  ];
}

function bar({ size, bytes, whole }: SizeRow, width: number, { glyphs }: Look): Span {
  if (bytes === null || whole === null || whole === 0) return span("?", "quiet");
  return span(shareBar(bytes / whole, width, glyphs.level[size], glyphs.empty), size);
}

/** Something is never drawn as nothing. */
export function shareBar(share: number, columns: number, full: string, empty: string): string {
  const filled = share > 0 ? Math.max(1, Math.round(share * columns)) : 0;
  return full.repeat(Math.min(columns, filled)) + empty.repeat(Math.max(0, columns - filled));
}

/** One bar for all three where there is room for one line. */
function stacked(table: readonly SizeRow[], whole: number | null, columns: number, look: Look): Line {
  const room = columns - 2;
  if (whole === null || whole === 0) return line(" ", span("sizes not known", "quiet"));
  let left = room;
  const spans = table.map(({ size, bytes }, index) => {
    const wanted = index === table.length - 1 ? left : Math.round(((bytes ?? 0) / whole) * room);
    const taken = Math.min(left, wanted);
    left -= taken;
    return span(look.glyphs.level[size].repeat(taken), size);
  });
  return line(" ", ...spans);
}

function inWords(table: readonly SizeRow[]): Line {
  const parts = table.flatMap(({ size, bytes, whole, perSecond }) => [
    span(` ${nameOf[size]}`, size),
    { text: ` ${formatPercent(bytes, whole)}${size === "4k" ? "" : `, ${formatRate(perSecond)} splits/s`}` },
  ]);
  return line(...parts);
}

/** Two charts side by side where this host has 1G mappings, or had. */
export function chartedLevels({ snapshot: { directMap } }: Scene): readonly SplitLevel[] {
  const has = (level: SplitLevel) => (directMap.bytes[level] ?? 0) > 0 || (directMap.splits[level] ?? 0) > 0;
  return (["2m", "1g"] as const).filter(has);
}

function captions(scene: Scene, windowSeconds: number, columns: number): Line {
  const shown = chartedLevels(scene);
  const width = Math.floor((columns - 2) / Math.max(1, shown.length));
  return line(
    " ",
    ...shown.flatMap((level) => {
      const most = Math.max(0, ...chartValues(scene, level, windowSeconds, width).map((value) => value ?? 0));
      const text = ` mappings split per second, at most ${formatRate(most)}`;
      const name = nameOf[level];
      return [span(name, level), span(text.padEnd(width - name.length), "quiet")];
    }),
  );
}

/** One value for each point of a chart of this many columns; null: not observed. */
export function chartValues({ samples }: Scene, level: SplitLevel, windowSeconds: number, columns: number) {
  const points = Math.min(60, Math.max(10, columns - 12));
  return buckets(samples, windowSeconds, points, ({ splits }) => splits[level]);
}

function sparkLine({ samples }: Scene, windowSeconds: number, columns: number, look: Look): Line {
  const label = " splits/s ";
  const count = Math.max(10, Math.min(60, columns - label.length - 22));
  const all = buckets(samples, windowSeconds, count, ({ splits }) => sum([splits["2m"], splits["1g"]]));
  const most = Math.max(0, ...all.map((each) => each ?? 0));
  const { spark } = look.glyphs;
  const blocks = all.map((each) => {
    // Not observed is a hole, and nothing is a line.
    if (each === null) return " ";
    if (most === 0 || each === 0) return spark[0] ?? "_";
    return spark[Math.max(1, Math.ceil((each / most) * (spark.length - 1)))] ?? "#";
  });
  if (samples.length < 2) return emptyLine;
  const end = most > 0 ? ` at most ${formatRate(most)}/s` : " none";
  return line(span(label, "quiet"), span(blocks.join(""), "2m"), span(end, "quiet"));
}
