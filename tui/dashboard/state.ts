/** What the person did to the screen, and how each command changes it. Pure: it knows rows by their keys only. */
import type { CommandName } from "./keys.ts";
import type { Grouping } from "./model/holderRows.ts";

export const panelNames = ["map", "holders", "splits", "oom", "events"] as const;
export type PanelName = (typeof panelNames)[number];

export const windowsSeconds = [60, 600, 3600] as const;
export type WindowSeconds = (typeof windowsSeconds)[number];

export interface ListState {
  /** The row that the person chose, by its key; null: none, the list stays at its top. */
  readonly selected: string | null;
  /** Where it was seen last: who takes its place is selected when it goes. */
  readonly index: number;
  /** The first row on the screen. */
  readonly top: number;
}

export interface Sort {
  /** Name of a column. */
  readonly column: string;
  readonly descending: boolean;
}

export type Overlay =
  | { readonly kind: "help" | "evidence"; readonly top: number }
  | { readonly kind: "card"; readonly panel: PanelName; readonly key: string; readonly top: number };

export interface State {
  readonly focus: PanelName;
  readonly lists: Readonly<Record<PanelName, ListState>>;
  readonly sort: Readonly<Record<"holders" | "splits", Sort>>;
  readonly filter: string;
  /** While a filter is being typed: the one to go back to. */
  readonly editing: string | null;
  readonly group: Grouping;
  readonly windowSeconds: WindowSeconds;
  readonly frozen: boolean;
  readonly overlay: Overlay | null;
  /** One line about what was just done; the next key takes it away. */
  readonly message: string | null;
}

export interface SortColumn {
  readonly name: string;
  /** Figures are looked at from the largest. */
  readonly descending: boolean;
}

/** What the reducer must know of the screen: the order of the rows and what can be sorted by. */
export interface Room {
  readonly rows: Readonly<Record<PanelName, readonly string[]>>;
  /** Rows of a panel that fit. */
  readonly page: Readonly<Record<PanelName, number>>;
  readonly columns: Readonly<Record<"holders" | "splits", readonly SortColumn[]>>;
  /** The last line that an open overlay can begin with. */
  readonly overlayEnd: number;
  readonly overlayPage: number;
}

const unmoved: ListState = { selected: null, index: 0, top: 0 };

export const initialState: State = {
  focus: "holders",
  lists: { map: unmoved, holders: unmoved, splits: unmoved, oom: unmoved, events: unmoved },
  sort: {
    holders: { column: "resident", descending: true },
    splits: { column: "count", descending: true },
  },
  filter: "",
  editing: null,
  group: "none",
  windowSeconds: 60,
  frozen: false,
  overlay: null,
  message: null,
};

/** Commands that the screen itself carries out (quit, suspend, copy, write) leave the state as it is. */
export function update(state: State, command: CommandName, room: Room): State {
  const next = { ...state, message: null };
  if (state.overlay !== null) {
    const moved = overlayCommand(next, state.overlay, command, room);
    if (moved !== undefined) return moved;
  }
  switch (command) {
    case "up":
    case "down":
    case "pageUp":
    case "pageDown":
    case "first":
    case "last":
      return { ...next, lists: { ...state.lists, [state.focus]: moved(state, command, room) } };
    case "nextPanel":
    case "previousPanel":
      return { ...next, focus: neighbour(panelNames, state.focus, command === "nextPanel" ? 1 : -1) };
    case "panel1":
    case "panel2":
    case "panel3":
    case "panel4":
    case "panel5":
      return { ...next, focus: panelNames[Number(command.slice(-1)) - 1] ?? state.focus, overlay: null };
    case "open":
      return opened(next, room);
    case "back":
      return back(next);
    case "filter":
      return { ...next, editing: state.filter, overlay: null };
    case "sortNext":
    case "sortPrevious":
      return sortedBy(next, command === "sortNext" ? 1 : -1, room);
    case "reverse": {
      const list = sortable(state.focus);
      const sort = state.sort[list];
      return { ...next, sort: { ...state.sort, [list]: { ...sort, descending: !sort.descending } } };
    }
    case "group":
      return { ...next, group: neighbour(["none", "user", "cgroup"], state.group, 1), focus: "holders" };
    case "longer":
    case "shorter":
      return { ...next, windowSeconds: windowAt(state.windowSeconds, command === "longer" ? 1 : -1) };
    case "freeze":
      return { ...next, frozen: !state.frozen };
    case "help":
      return { ...next, overlay: { kind: "help", top: 0 } };
    case "evidence":
      return { ...next, overlay: { kind: "evidence", top: 0 } };
    default:
      return next;
  }
}

/** Choosing a row by mouse: the first click selects, a click on what is selected opens. */
export function clicked(state: State, panel: PanelName, key: string | null, room: Room): State {
  const index = key === null ? -1 : room.rows[panel].indexOf(key);
  if (index < 0 || key === null) return { ...state, focus: panel, message: null };
  if (state.focus === panel && state.lists[panel].selected === key) return opened({ ...state, message: null }, room);
  const list = { ...state.lists[panel], selected: key, index };
  return { ...state, message: null, focus: panel, lists: { ...state.lists, [panel]: list } };
}

/** A click on a column head sorts by it; on the one that sorts already, turns the order round. */
export function headClicked(state: State, list: "holders" | "splits", column: string, room: Room): State {
  const now = state.sort[list];
  const found = room.columns[list].find(({ name }) => name === column);
  if (found === undefined) return state;
  const descending = now.column === column ? !now.descending : found.descending;
  return { ...state, focus: list, sort: { ...state.sort, [list]: { column, descending } } };
}

/** After new rows: the selection stays with its row, wherever that went; the row stays on the screen. */
export function settle(state: State, room: Room): State {
  let lists: Record<PanelName, ListState> | undefined;
  for (const panel of panelNames) {
    const before = state.lists[panel];
    const after = settled(before, room.rows[panel], Math.max(1, room.page[panel]));
    if (after.selected === before.selected && after.index === before.index && after.top === before.top) continue;
    lists ??= { ...state.lists };
    lists[panel] = after;
  }
  let next = lists === undefined ? state : { ...state, lists };
  if (next.overlay !== null && next.overlay.top > room.overlayEnd)
    next = { ...next, overlay: { ...next.overlay, top: Math.max(0, room.overlayEnd) } };
  return next;
}

/** The log begins anew: what was chosen in it is gone, and the same keys will mean others. */
export function forgetEvents(state: State): State {
  const isOpen = state.overlay?.kind === "card" && state.overlay.panel === "events";
  return { ...state, lists: { ...state.lists, events: unmoved }, overlay: isOpen ? null : state.overlay };
}

function settled(list: ListState, rows: readonly string[], page: number): ListState {
  if (list.selected === null) return { selected: null, index: 0, top: 0 };
  const found = rows.indexOf(list.selected);
  const index = found >= 0 ? found : Math.max(0, Math.min(list.index, rows.length - 1));
  const selected = found >= 0 ? list.selected : (rows[index] ?? null);
  const lowest = Math.max(0, Math.min(list.top, rows.length - page));
  const top = index < lowest ? index : index >= lowest + page ? index - page + 1 : lowest;
  return { selected, index, top };
}

function moved(state: State, command: CommandName, room: Room): ListState {
  const rows = room.rows[state.focus];
  const list = state.lists[state.focus];
  const page = Math.max(1, room.page[state.focus] - 1);
  // Nothing chosen yet: the first step chooses the first row, whichever way it goes.
  const here = list.selected === null ? -1 : list.index;
  const there = {
    up: here - 1,
    down: here + 1,
    pageUp: here - page,
    pageDown: Math.max(0, here) + page,
    first: 0,
    last: rows.length - 1,
  }[command as "up" | "down" | "pageUp" | "pageDown" | "first" | "last"];
  const index = Math.max(0, Math.min(there, rows.length - 1));
  return { ...list, selected: rows[index] ?? null, index };
}

function overlayCommand(state: State, overlay: Overlay, command: CommandName, room: Room): State | undefined {
  const to = (top: number): State => ({
    ...state,
    overlay: { ...overlay, top: Math.max(0, Math.min(top, room.overlayEnd)) },
  });
  switch (command) {
    case "up":
      return to(overlay.top - 1);
    case "down":
      return to(overlay.top + 1);
    case "pageUp":
      return to(overlay.top - room.overlayPage);
    case "pageDown":
      return to(overlay.top + room.overlayPage);
    case "first":
      return to(0);
    case "last":
      return to(room.overlayEnd);
    case "open":
    case "back":
      return { ...state, overlay: null };
    case "help":
    case "evidence":
      return overlay.kind === command ? { ...state, overlay: null } : undefined;
    default:
      return undefined;
  }
}

function opened(state: State, room: Room): State {
  if (state.focus === "map") return { ...state, overlay: { kind: "evidence", top: 0 } };
  const list = state.lists[state.focus];
  const key = list.selected ?? room.rows[state.focus][0];
  if (key === undefined) return { ...state, message: "nothing to open here" };
  const lists = { ...state.lists, [state.focus]: { ...list, selected: key } };
  return { ...state, lists, overlay: { kind: "card", panel: state.focus, key, top: 0 } };
}

function back(state: State): State {
  if (state.filter !== "") return { ...state, filter: "" };
  return { ...state, lists: { ...state.lists, [state.focus]: unmoved } };
}

const sortable = (focus: PanelName): "holders" | "splits" => (focus === "splits" ? "splits" : "holders");

function sortedBy(state: State, step: number, room: Room): State {
  const list = sortable(state.focus);
  const columns = room.columns[list];
  const at = columns.findIndex(({ name }) => name === state.sort[list].column);
  const next = columns[(at + step + columns.length) % columns.length];
  if (next === undefined) return state;
  return { ...state, sort: { ...state.sort, [list]: { column: next.name, descending: next.descending } } };
}

function windowAt(now: WindowSeconds, step: number): WindowSeconds {
  const index = Math.max(0, Math.min(windowsSeconds.indexOf(now) + step, windowsSeconds.length - 1));
  return windowsSeconds[index] ?? now;
}

function neighbour<T>(all: readonly T[], now: T, step: number): T {
  return all[(all.indexOf(now) + step + all.length) % all.length] ?? now;
}
