/** Frames onto a blessed screen. The only place that makes widgets; each is made once and moved. */
import type { Readable, Writable } from "node:stream";
import blessed from "blessed";
import type { Frame, PaneName } from "../frame.ts";
import type { KeyPress } from "../keys.ts";
import type { Look } from "../look.ts";
import { Chart } from "./chart.ts";
import { Owned } from "./owned.ts";
import { Pane } from "./pane.ts";

/** Both ends of a terminal; tests bring their own. */
export interface TerminalStreams {
  readonly input: Readable & { isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly output: Writable & { isTTY?: boolean; columns?: number; rows?: number };
}

export interface MousePress {
  readonly action: "click" | "wheelup" | "wheeldown";
  readonly pane: PaneName;
  /** Inside the pane. */
  readonly x: number;
  readonly y: number;
}

export interface PainterListener {
  key(press: KeyPress): void;
  mouse(press: MousePress): void;
  resized(): void;
}

/** What blessed's own types leave out. */
interface Program extends NodeJS.EventEmitter {
  readonly tput: { brokenACS: boolean };
  isAlt: boolean;
  setMouse(modes: Readonly<Record<string, boolean>>, enable: boolean): void;
  bindMouse(): void;
}

type BlessedScreen = blessed.Widgets.Screen & { enter(): void; leave(): void };

interface MouseEvent {
  readonly action: string;
  readonly x: number;
  readonly y: number;
}

// Presses and the wheel, in the encoding that knows no widest screen; no motion, which floods a slow line.
const mouseModes = { vt200Mouse: true, sgrMouse: true } as const;
const noMouse = { vt200Mouse: false, sgrMouse: false } as const;

const paneOrder: readonly PaneName[] = [
  "header",
  "map",
  "holders",
  "splits",
  "oom",
  "events",
  "gap",
  "timeLine",
  "footer",
];

export class Painter {
  readonly #owned = new Owned();
  readonly #screen: BlessedScreen;
  readonly #program: Program;
  readonly #panes = new Map<PaneName, Pane>();
  readonly #charts: readonly Chart[];
  readonly #streams: TerminalStreams;
  #shown: readonly PaneName[] = [];

  constructor(streams: TerminalStreams, look: Look, listener: PainterListener) {
    this.#streams = streams;
    // Other names make blessed print terminfo's complaints over the screen, and all that we send is understood or
    // ignored by every terminal that is not dumb.
    const options = {
      ...streams,
      terminal: "xterm-256color",
      forceUnicode: true,
      fullUnicode: false,
      resizeTimeout: 0,
    };
    this.#screen = blessed.screen({
      ...options,
      smartCSR: false,
      autoPadding: false,
      warnings: false,
    } as object) as BlessedScreen;
    this.#program = this.#screen.program as unknown as Program;
    // Line drawing by another character set leaves garbage where UTF-8 terminals ignore the switch.
    this.#program.tput.brokenACS = true;
    for (const name of paneOrder) this.#panes.set(name, new Pane(this.#screen, look));
    this.#charts = [new Chart(this.#screen, look), new Chart(this.#screen, look)];
    this.#panes.set("overlay", new Pane(this.#screen, look));
    this.#owned.add(() => this.#screen.destroy());
    this.#owned.add(() => this.#mouse(false));
    this.#listen(listener);
    this.#mouse(true);
  }

  get columns(): number {
    return this.#streams.output.columns ?? 80;
  }

  get rows(): number {
    return this.#streams.output.rows ?? 24;
  }

  paint({ panes, charts }: Frame): void {
    if (this.#owned.ended) return;
    this.#shown = panes.map(({ name }) => name);
    for (const [name, pane] of this.#panes) pane.hidden = !this.#shown.includes(name);
    for (const { name, rect, lines } of panes) this.#panes.get(name)?.place(rect, lines);
    for (const [index, chart] of this.#charts.entries()) chart.show(charts[index]);
    this.#panes.get("overlay")?.setFront();
    this.#screen.render();
  }

  /** Leaves the terminal as it was, for a while. @returns the way back */
  pause(): () => void {
    this.#mouse(false);
    this.#screen.leave();
    this.#streams.input.setRawMode?.(false);
    this.#streams.input.pause();
    return () => {
      if (this.#owned.ended) return;
      this.#streams.input.setRawMode?.(true);
      this.#streams.input.resume();
      this.#screen.enter();
      this.#mouse(true);
    };
  }

  /** Text for the terminal itself: the clipboard. */
  send(sequence: string): void {
    if (!this.#owned.ended) this.#streams.output.write(sequence);
  }

  /** The terminal as it was before. Safe to call twice, and in a handler that must not throw. */
  end(): void {
    this.#owned.end();
  }

  #mouse(on: boolean): void {
    this.#program.setMouse(on ? { ...mouseModes } : { ...noMouse }, on);
  }

  #listen({ key, mouse, resized }: PainterListener): void {
    this.#owned.listen(
      this.#program,
      "keypress",
      (ch: string | undefined, press: { full?: string; name?: string } | undefined) => {
        // blessed says Enter twice: as return and as enter.
        if (press?.name !== "return") key({ ch, full: press?.full });
      },
    );
    this.#program.bindMouse();
    this.#owned.listen(this.#program, "mouse", (event: MouseEvent) => {
      const { action, x, y } = event;
      if (action !== "mousedown" && action !== "wheelup" && action !== "wheeldown") return;
      const found = this.#paneAt(x, y);
      if (found === undefined) return;
      const { rect } = found.pane;
      mouse({ action: action === "mousedown" ? "click" : action, pane: found.name, x: x - rect.x, y: y - rect.y });
    });
    this.#owned.listen(this.#program, "resize", resized);
  }

  /** The topmost. */
  #paneAt(x: number, y: number): { name: PaneName; pane: Pane } | undefined {
    const found = [...this.#shown].reverse().flatMap((name) => {
      const pane = this.#panes.get(name);
      const inside =
        pane !== undefined &&
        x >= pane.rect.x &&
        x < pane.rect.x + pane.rect.width &&
        y >= pane.rect.y &&
        y < pane.rect.y + pane.rect.height;
      return inside ? [{ name, pane }] : [];
    });
    return found[0];
  }
}
