/** One frame: every panel's lines in its place, and what the reducer must know of them. Pure. */
import type { SplitLevel } from "../../collector/events.ts";
import { truncate, width } from "../text/width.ts";
import { type Layout, layout, type Rect } from "./layout.ts";
import type { Look } from "./look.ts";
import { evidenceWord, isLate } from "./model/evidenceWord.ts";
import { type HolderRow, holderRows } from "./model/holderRows.ts";
import { oomKey } from "./model/log.ts";
import type { Scene } from "./model/scene.ts";
import { type SplitRow, splitRows } from "./model/splitRows.ts";
import type { Recorded } from "./recordingControl.ts";
import { type PanelName, type Room, type State, settle } from "./state.ts";
import { card } from "./views/card.ts";
import type { Card } from "./views/cardWriter.ts";
import { type Column, place } from "./views/columns.ts";
import { chartedLevels, chartValues, directMapLines } from "./views/directMap.ts";
import { eventLines } from "./views/events.ts";
import { evidenceLines } from "./views/evidence.ts";
import { footerLine } from "./views/footer.ts";
import { headerLines } from "./views/header.ts";
import { helpLines } from "./views/help.ts";
import { holderColumns, holderLines, sortColumns } from "./views/holders.ts";
import { ends, type Line, line, outside, span } from "./views/line.ts";
import { killsOf, oomLines } from "./views/oom.ts";
import { splitColumns, splitLines } from "./views/splits.ts";
import { type Position, timeLine } from "./views/timeLine.ts";

/** gap: what lies between panels side by side. */
export type PaneName = "header" | PanelName | "gap" | "timeLine" | "footer" | "overlay";

export interface PaneFrame {
  readonly name: PaneName;
  readonly rect: Rect;
  readonly lines: readonly Line[];
}

/** Splits per second of one level over the window, oldest first; null: not observed. */
export interface ChartFrame {
  readonly level: SplitLevel;
  readonly rect: Rect;
  readonly values: readonly (number | null)[];
  readonly windowSeconds: number;
}

export interface Frame {
  readonly panes: readonly PaneFrame[];
  readonly charts: readonly ChartFrame[];
  readonly room: Room;
  /** The state with selections in their places. */
  readonly state: State;
}

export interface FrameOptions {
  readonly columns: number;
  readonly rows: number;
  /** How long ago the scene's snapshot came, ms. */
  readonly ageMs: number;
  readonly root: boolean;
  readonly look: Look;
  /** Of a replay: where it is. */
  readonly position?: Position | undefined;
  /** Of a recording that runs. */
  readonly recorded?: Recorded | undefined;
}

interface Rows {
  readonly holders: readonly HolderRow[];
  readonly splits: readonly SplitRow[];
}

/** Sorting thousands of holders is most of a frame: the rows are kept while nothing that makes them changes. */
export class FrameMaker {
  #made: { readonly by: readonly unknown[]; readonly rows: Rows } | undefined;

  make(scene: Scene, state: State, options: FrameOptions): Frame {
    const rows = this.#rows(scene, state, options.look);
    const wanted = {
      map: 0,
      holders: Math.max(6, rows.holders.length + 2),
      splits: Math.max(3, rows.splits.length + 2),
      oom: Math.max(2, scene.snapshot.oom.recent.length + 2),
      events: Math.max(3, scene.log.length + 1),
    };
    const places = layout(options.columns, options.rows, state.focus, wanted, options.position !== undefined);
    const keys = {
      map: [],
      holders: rows.holders.map(({ key }) => key),
      splits: rows.splits.map(({ key }) => key),
      oom: killsOf(scene.snapshot).map(oomKey),
      events: scene.log.map(({ key }) => key),
    };
    if (places === undefined) return tooSmall(options, state, roomOf(keys, undefined, scene, options, 0));
    // Two for the frame, one to keep text off it.
    const inner = places.overlay.width - 3;
    const overlay = state.overlay === null ? undefined : overlayOf(scene, rows, state, inner, options);
    const room = roomOf(keys, places, scene, options, overlay?.lines.length ?? 0);
    const settled = settle(state, room);
    const panes = panels(scene, rows, settled, places, options);
    if (overlay !== undefined)
      panes.push(overlayPane(overlay, settled.overlay?.top ?? 0, places.overlay, options.look));
    const charts = chartsOf(scene, state.windowSeconds, places.chart, options.look);
    return { panes, charts, room, state: settled };
  }

  /** The card that `c` would copy: of the open one, or of the selected row. */
  card(scene: Scene, state: State, columns: number, look: Look): Card | undefined {
    const rows = this.#rows(scene, state, look);
    if (state.overlay?.kind === "card") return card(scene, rows, state.overlay.panel, state.overlay.key, columns, look);
    const key = state.lists[state.focus].selected;
    return key === null ? undefined : card(scene, rows, state.focus, key, columns, look);
  }

  #rows(scene: Scene, { sort, filter, group }: State, look: Look): Rows {
    const by = [scene, sort, filter, group, look];
    if (this.#made?.by.every((each, index) => each === by[index])) return this.#made.rows;
    const value = <Row>(
      columns: readonly { name: string; value: (row: Row) => number | string | null }[],
      name: string,
    ) =>
      // A column that does not exist sorts nothing: rows stay in the order of their pids.
      columns.find((each) => each.name === name)?.value ?? (() => null);
    const rows = {
      holders: holderRows(
        scene.snapshot,
        scene.rates,
        { filter, group, descending: sort.holders.descending },
        value(holderColumns(look), sort.holders.column),
      ),
      splits: splitRows(
        scene.snapshot.splitCauses,
        filter,
        value(splitColumns(scene.snapshot.time, look), sort.splits.column),
        sort.splits.descending,
      ),
    };
    this.#made = { by, rows };
    return rows;
  }
}

function roomOf(
  keys: Room["rows"],
  places: Layout | undefined,
  scene: Scene,
  { look }: FrameOptions,
  overlay: number,
): Room {
  const page = (panel: PanelName, heads: number) => Math.max(1, (places?.panels[panel].height ?? 0) - heads);
  const overlayPage = Math.max(1, (places?.overlay.height ?? 3) - 2);
  return {
    rows: keys,
    page: {
      map: 1,
      holders: page("holders", 2),
      splits: page("splits", 2),
      oom: page("oom", (places?.panels.oom.height ?? 0) >= 3 ? 2 : 1),
      events: page("events", 1),
    },
    // Keys go through the columns that are on the screen; sorting by one that is not would look like chance.
    columns: {
      holders: sortColumns(seen(holderColumns(look), places?.panels.holders)),
      splits: sortColumns(seen(splitColumns(scene.snapshot.time, look), places?.panels.splits)),
    },
    overlayPage,
    overlayEnd: Math.max(0, overlay - overlayPage),
  };
}

function seen<Row>(columns: readonly Column<Row>[], rect: Rect | undefined): readonly Column<Row>[] {
  return rect === undefined ? columns : place(columns, rect.width).map(({ column }) => column);
}

function panels(scene: Scene, rows: Rows, state: State, places: Layout, options: FrameOptions): PaneFrame[] {
  const { look, ageMs } = options;
  const { snapshot } = scene;
  const late = !state.frozen && isLate(ageMs, scene.intervalMs);
  const word = evidenceWord(snapshot.evidence, state.frozen ? 0 : ageMs, scene.intervalMs);
  const replayed = options.position !== undefined;
  const { recorded } = options;
  const firing = scene.firing.length;
  const facts = { snapshot, word, ageMs, late, frozen: state.frozen, replayed, recorded, firing };
  const room = (panel: PanelName) => ({
    columns: places.panels[panel].width,
    rows: places.panels[panel].height,
    focused: state.focus === panel && state.overlay === null,
    root: options.root,
    look,
  });
  const map = { ...room("map"), windowSeconds: state.windowSeconds, charted: places.chart !== null && !look.ascii };
  const found = rows.holders.length + rows.splits.length;
  const pane = (name: PaneName, rect: Rect, lines: readonly Line[]): PaneFrame => ({ name, rect, lines });
  return [
    pane("header", places.header, headerLines(facts, options.columns, look)),
    pane("map", places.panels.map, directMapLines(scene, map, look)),
    pane("holders", places.panels.holders, holderLines(snapshot, rows.holders, state, room("holders"))),
    pane("splits", places.panels.splits, splitLines(snapshot, rows.splits, state, room("splits"))),
    pane("oom", places.panels.oom, oomLines(snapshot, state, room("oom"))),
    pane("events", places.panels.events, eventLines(scene, state, room("events"))),
    pane("gap", places.gap, []),
    ...(places.timeLine === null || options.position === undefined
      ? []
      : [pane("timeLine", places.timeLine, [timeLine(options.position, options.columns, look)])]),
    pane("footer", places.footer, [footerLine(state, found, options.columns, look, replayed ? "replay" : "live")]),
  ];
}

interface Overlaid {
  readonly name: string;
  readonly lines: readonly Line[];
}

function overlayOf(
  scene: Scene,
  rows: Rows,
  state: State,
  columns: number,
  options: FrameOptions,
): Overlaid | undefined {
  const { look, ageMs } = options;
  switch (state.overlay?.kind) {
    case "help":
      return {
        name: "Keys and words",
        lines: helpLines(columns, look, options.position === undefined ? "live" : "replay"),
      };
    case "evidence": {
      const word = evidenceWord(scene.snapshot.evidence, ageMs, scene.intervalMs);
      return { name: "Evidence", lines: evidenceLines(scene.snapshot, word, columns, look) };
    }
    case "card":
      return card(scene, rows, state.overlay.panel, state.overlay.key, columns, look);
    default:
      return undefined;
  }
}

/** A framed sheet over the panels; it says how to move on and how to leave. */
function overlayPane({ name, lines }: Overlaid, top: number, rect: Rect, look: Look): PaneFrame {
  const { frame } = look.glyphs;
  const inner = rect.width - 2;
  const page = Math.min(rect.height - 2, lines.length);
  const rule = (corners: string, left: string, right: string): Line => {
    const between = Math.max(0, rect.width - 2 - width(left) - width(right));
    return line(
      span(corners[0] ?? "+", "accent"),
      span(left, "strong"),
      span(frame.across.repeat(between), "accent"),
      span(right, "quiet"),
      span(corners[1] ?? "+", "accent"),
    );
  };
  const shown = lines.slice(top, top + page);
  const more = lines.length > page ? `${top + 1}-${top + shown.length} of ${lines.length}, ` : "";
  const filled = Array.from({ length: page }, (_, index) => shown[index] ?? line());
  return {
    name: "overlay",
    rect: { ...rect, height: page + 2 },
    lines: [
      rule(frame.top, truncate(` ${outside(name, look)} `, rect.width - 4), ""),
      ...filled.map((each): Line => {
        const inside = ends(each.spans, [], inner);
        return { spans: [span(frame.side, "accent"), ...inside.spans, span(frame.side, "accent")] };
      }),
      rule(frame.bottom, "", ` ${more}Esc closes `),
    ],
  };
}

/** Two charts side by side where this host has 1G mappings, or had. */
function chartsOf(scene: Scene, windowSeconds: number, rect: Rect | null, look: Look): ChartFrame[] {
  if (rect === null || look.ascii) return [];
  const levels = chartedLevels(scene);
  const width = Math.floor(rect.width / Math.max(1, levels.length));
  return levels.map((level, index) => ({
    level,
    windowSeconds,
    rect: { ...rect, x: rect.x + index * width, width },
    values: chartValues(scene, level, windowSeconds, width),
  }));
}

function tooSmall({ columns, rows, look }: FrameOptions, state: State, room: Room): Frame {
  const text = `secretscope needs 60 columns and 15 rows; here are ${columns} and ${rows}. q quits.`;
  const rect = { x: 0, y: 0, width: columns, height: rows };
  const lines = Array.from({ length: Math.ceil(text.length / Math.max(1, columns)) }, (_, index) =>
    line(outside(text.slice(index * columns, (index + 1) * columns), look)),
  );
  return { panes: [{ name: "overlay", rect, lines }], charts: [], room, state };
}
