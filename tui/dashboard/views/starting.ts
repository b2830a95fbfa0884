/** Before the first snapshot: what is waited for, and how to leave. */
import type { Frame } from "../frame.ts";
import { initialState } from "../state.ts";
import { type Line, line, lineWidth, span } from "./line.ts";

const starting = ["Reading the kernel and attaching probes.", "This takes a second or two, longer on a busy machine."];

export function startingFrame(columns: number, rows: number): Frame {
  const centred = (each: Line): Line => ({
    spans: [{ text: " ".repeat(Math.max(0, Math.floor((columns - lineWidth(each)) / 2))) }, ...each.spans],
  });
  const words = [
    line(span("secretscope", "strong")),
    line(),
    ...starting.map((text) => line(text)),
    line(),
    line(span("q quits", "quiet")),
  ];
  const above = Math.max(0, Math.floor((rows - words.length) / 2));
  const lines = [...Array.from({ length: above }, () => line()), ...words.map(centred)];
  const none = { map: [], holders: [], splits: [], oom: [], events: [] };
  const page = { map: 1, holders: 1, splits: 1, oom: 1, events: 1 };
  return {
    panes: [{ name: "overlay", rect: { x: 0, y: 0, width: columns, height: rows }, lines }],
    charts: [],
    room: { rows: none, page, columns: { holders: [], splits: [] }, overlayEnd: 0, overlayPage: 1 },
    state: initialState,
  };
}
