/** What happened once, newest first. */
import { counted } from "../../text/counts.ts";
import type { LogEntry, Scene } from "../model/scene.ts";
import type { State } from "../state.ts";
import { type Column, place, rowLine } from "./columns.ts";
import { clock } from "./figures.ts";
import { visible } from "./holders.ts";
import { type Line, outside, paragraph, span, type Tone, title } from "./line.ts";
import type { ListOptions } from "./splits.ts";

const toneOf: Record<LogEntry["weight"], Tone> = { normal: "plain", warning: "warning", bad: "bad" };
const markOf: Record<LogEntry["weight"], string> = { normal: " ", warning: "!", bad: "X" };

export function eventLines({ log }: Scene, state: State, options: ListOptions): Line[] {
  const { columns, focused, look } = options;
  const latest = options.rows < 2 && log[0] !== undefined ? `${clock(log[0].time)} ${outside(log[0].text, look)}` : "";
  const summary = latest === "" ? counted(log.length, "event") : latest;
  const head = title({ number: 5, name: "Events", summary, focused, columns }, look);
  if (log.length === 0)
    return [head, ...paragraph("Nothing happened yet.", columns, 1, "quiet")].slice(0, options.rows);
  const eventColumns: readonly Column<LogEntry>[] = [
    { name: "time", heading: "TIME", width: 8, rank: 1, cell: ({ time }) => span(clock(time), "quiet") },
    { name: "mark", heading: "", width: 1, rank: 1, cell: ({ weight }) => span(markOf[weight], toneOf[weight]) },
    { name: "what", heading: "WHAT", width: 8, rank: 2, cell: ({ what }) => span(what, "quiet") },
    {
      name: "text",
      heading: "",
      width: 36,
      most: columns,
      rank: 0,
      cell: ({ text, weight }) => span(outside(text, look), toneOf[weight]),
    },
  ];
  const placed = place(eventColumns, columns);
  const list = state.lists.events;
  return [
    head,
    ...visible(log, list, options.rows - 1).map((entry) =>
      rowLine(placed, entry, entry.key, focused && list.selected === entry.key),
    ),
  ].slice(0, options.rows);
}
