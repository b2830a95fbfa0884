/** What the mouse does to the screen. Pure: it knows rows and columns by the keys of the frame that was drawn. */
import type { Frame } from "./frame.ts";
import type { MousePress } from "./screen/painter.ts";
import { clicked, headClicked, type State, update } from "./state.ts";

const wheelRows = 3;

/** @returns undefined when the press means nothing there */
export function pressed(state: State, frame: Frame, { action, pane, x, y }: MousePress): State | undefined {
  if (pane === "timeLine" || pane === "header" || pane === "gap" || pane === "footer") return undefined;
  const { room } = frame;
  if (pane === "overlay" || action !== "click") {
    if (action === "click") return undefined;
    let next = pane === "overlay" ? state : { ...state, focus: pane };
    for (let step = 0; step < wheelRows; step += 1) next = update(next, action === "wheelup" ? "up" : "down", room);
    return next;
  }
  const line = frame.panes.find(({ name }) => name === pane)?.lines[y];
  const head = line?.heads?.find(({ from, to }) => x >= from && x < to);
  const isSortable = pane === "holders" || pane === "splits";
  return head !== undefined && isSortable
    ? headClicked(state, pane, head.column, room)
    : clicked(state, pane, line?.key ?? null, room);
}
