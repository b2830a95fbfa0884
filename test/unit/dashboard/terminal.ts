/** A real terminal parser at the other end of the dashboard: what it shows is what a person would see. */
import { PassThrough, Writable } from "node:stream";
import xterm from "@xterm/headless";
import { expect } from "vitest";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { type Frame, FrameMaker } from "../../../tui/dashboard/frame.ts";
import { type Look, lookOf } from "../../../tui/dashboard/look.ts";
import { Memory, type Scene } from "../../../tui/dashboard/model/scene.ts";
import { Painter, type TerminalStreams } from "../../../tui/dashboard/screen/painter.ts";
import { initialState, type State } from "../../../tui/dashboard/state.ts";
import type { Position } from "../../../tui/dashboard/views/timeLine.ts";

export const unicodeLook: Look = lookOf({ TERM: "xterm-256color", LANG: "C.UTF-8" }, false);

export class TestTerminal {
  readonly terminal: xterm.Terminal;
  readonly streams: TerminalStreams & { input: PassThrough; output: Writable };
  /** Everything that was written. */
  written = "";
  title = "";

  constructor(columns: number, rows: number) {
    this.terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 0 });
    this.terminal.onTitleChange((title) => {
      this.title = title;
    });
    const output = new Writable({
      decodeStrings: false,
      write: (chunk: string | Buffer, _encoding, done) => {
        this.written += chunk.toString();
        this.terminal.write(chunk, done);
      },
    });
    Object.assign(output, { isTTY: true, columns, rows });
    const input = Object.assign(new PassThrough(), { isTTY: true, isRaw: false });
    Object.assign(input, {
      setRawMode: (raw: boolean) => {
        input.isRaw = raw;
      },
    });
    this.streams = { input, output };
  }

  resize(columns: number, rows: number): void {
    this.terminal.resize(columns, rows);
    Object.assign(this.streams.output, { columns, rows });
    this.streams.output.emit("resize");
  }

  /** Resolves when the terminal has taken in all that was written. */
  async settled(): Promise<void> {
    await new Promise<void>((resolve) => this.streams.output.write("", () => resolve()));
    await new Promise<void>((resolve) => this.terminal.write("", resolve));
  }

  cell(x: number, y: number) {
    return this.terminal.buffer.active.getLine(y)?.getCell(x);
  }

  /** One string a row, as many characters as columns where nothing is wide. */
  rows(): string[] {
    return Array.from({ length: this.terminal.rows }, (_, y) => {
      const row = this.terminal.buffer.active.getLine(y);
      let text = "";
      for (let x = 0; x < this.terminal.cols; x += 1) {
        const cell = row?.getCell(x);
        // The second half of a wide character has no width.
        if (cell?.getWidth() === 0) continue;
        text += cell?.getChars() || " ";
      }
      return text;
    });
  }

  text(): string {
    return this.rows()
      .map((row) => row.trimEnd())
      .join("\n");
  }

  /** The text once it matches; a busy machine may take its time. */
  async shows(wanted: string | RegExp, withinMs = 10_000): Promise<string> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      await this.settled();
      const text = this.text();
      if (typeof wanted === "string" ? text.includes(wanted) : wanted.test(text)) return text;
      if (performance.now() > deadline) expect(text).toMatch(wanted);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

export function sceneOf(snapshots: readonly Snapshot[]): Scene {
  const memory = new Memory(1000);
  for (const snapshot of snapshots) memory.add(snapshot);
  const scene = memory.scene();
  if (scene === undefined) throw new Error("no snapshots");
  return scene;
}

export interface Drawn {
  readonly terminal: TestTerminal;
  readonly frame: Frame;
}

export async function draw(
  snapshots: readonly Snapshot[],
  columns: number,
  rows: number,
  state: Partial<State> = {},
  look: Look = unicodeLook,
  position?: Position,
): Promise<Drawn> {
  const terminal = new TestTerminal(columns, rows);
  const painter = new Painter(terminal.streams, look, { key: () => {}, mouse: () => {}, resized: () => {} });
  try {
    const options = { columns, rows, ageMs: 0, root: true, look, position };
    const frame = new FrameMaker().make(sceneOf(snapshots), { ...initialState, ...state }, options);
    painter.paint(frame);
    await terminal.settled();
    return { terminal: frozen(terminal), frame };
  } finally {
    painter.end();
    await terminal.settled();
  }
}

/** Ending leaves the alternate screen: what was on it is kept. */
function frozen(terminal: TestTerminal): TestTerminal {
  const rows = terminal.rows();
  const cells = new Map<string, ReturnType<TestTerminal["cell"]>>();
  for (let y = 0; y < terminal.terminal.rows; y += 1)
    for (let x = 0; x < terminal.terminal.cols; x += 1) {
      // getCell fills a fresh object when none is given.
      cells.set(`${x},${y}`, terminal.cell(x, y));
    }
  return Object.assign(Object.create(terminal) as TestTerminal, {
    rows: () => rows,
    cell: (x: number, y: number) => cells.get(`${x},${y}`),
    title: terminal.title,
  });
}
