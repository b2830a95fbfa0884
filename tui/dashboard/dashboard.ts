/** The live screen: an observation on one side, a terminal on the other. Owns every timer and listener of both. */
import type { Observation } from "../../collector/observation.ts";
import { safeJson } from "../text/safe.ts";
import { type Frame, FrameMaker } from "./frame.ts";
import { type CommandName, commandOf, type KeyPress } from "./keys.ts";
import type { Look } from "./look.ts";
import { Memory, type Scene } from "./model/scene.ts";
import type { Playback } from "./playback.ts";
import { ReplayControl } from "./replayControl.ts";
import { isReplayCommand } from "./replayKeys.ts";
import { clipboardSequence, saveFolders, saveNew, stampOf } from "./save.ts";
import { Frames } from "./screen/frames.ts";
import { handleSuspend, suspendForeground } from "./screen/jobControl.ts";
import { Owned } from "./screen/owned.ts";
import { type MousePress, Painter, type TerminalStreams } from "./screen/painter.ts";
import { clicked, forgetEvents, headClicked, initialState, type State, typed, update } from "./state.ts";
import { type Line, line, lineWidth, outside, span } from "./views/line.ts";
import { timeAt } from "./views/timeLine.ts";

export interface DashboardOptions {
  readonly streams: TerminalStreams;
  readonly look: Look;
  readonly root: boolean;
  readonly intervalMs: number;
  /** How the person asked for it to begin. */
  readonly state?: State;
  /** Aborted by a signal, or when the terminal is gone. */
  readonly stop: AbortSignal;
  /** Runs the drawing of each frame; a benchmark measures it here. */
  readonly around?: (draw: () => void) => void;
}

/** How often a screen without news is looked at: figures that grow old have to say so. */
const oldAgeMs = 1000;
const cardColumns = 100;
const wheelRows = 3;

export class Dashboard {
  readonly #options: DashboardOptions;
  readonly #owned = new Owned();
  readonly #painter: Painter;
  readonly #frames: Frames;
  readonly #maker = new FrameMaker();
  #memory: Memory;
  #replay: ReplayControl | undefined;
  readonly #left: Promise<void>;
  #leave: () => void = () => {};
  #state: State;
  #frozen: { readonly scene: Scene } | undefined;
  #frame: Frame | undefined;
  #arrived = performance.now();

  constructor(options: DashboardOptions) {
    this.#options = options;
    this.#state = options.state ?? initialState;
    this.#memory = new Memory(options.intervalMs);
    this.#left = new Promise((resolve) => {
      this.#leave = resolve;
    });
    // Before blessed's, which would end the process with the error still on the alternate screen.
    const restore = () => this.end();
    process.prependListener("uncaughtException", restore);
    process.prependListener("unhandledRejection", restore);
    this.#owned.add(() => {
      process.removeListener("uncaughtException", restore);
      process.removeListener("unhandledRejection", restore);
    });
    this.#painter = new Painter(options.streams, options.look, {
      key: (press) => this.#key(press),
      mouse: (press) => this.#mouse(press),
      resized: () => this.#frames.want("key"),
    });
    this.#owned.add(() => this.#painter.end());
    const around = options.around ?? ((draw) => draw());
    this.#frames = new Frames(() => around(() => this.#draw()));
    this.#owned.add(() => this.#frames.end());
    this.#owned.add(
      handleSuspend(() => {
        const goOn = this.#painter.pause();
        return () => {
          goOn();
          this.#frames.want("key");
        };
      }),
    );
    const tick = setInterval(() => {
      if (performance.now() - this.#arrived > oldAgeMs) this.#frames.want("figures");
    }, oldAgeMs);
    this.#owned.add(() => clearInterval(tick));
    this.#listenForTheEnd();
    this.#draw();
  }

  /** Draws this observation from now on. Closing it is the caller's. @param playback of a replay: what keys do to it */
  watch(observation: Observation, playback?: Playback): void {
    if (playback !== undefined) this.#control(playback);
    const seen = () => {
      this.#arrived = performance.now();
      this.#frames.want("figures");
    };
    this.#memory.add(observation.snapshot());
    this.#owned.add(
      observation.onSnapshot((snapshot) => {
        this.#memory.add(snapshot);
        seen();
      }),
    );
    this.#owned.add(
      observation.onNotice((notice) => {
        this.#memory.notice(notice);
        this.#frames.want("figures");
      }),
    );
    seen();
  }

  #control(playback: Playback): void {
    const replay = new ReplayControl(playback, () => {
      this.#memory = new Memory(this.#options.intervalMs);
      this.#state = forgetEvents(this.#state);
    });
    this.#replay = replay;
    this.#owned.add(playback.onLandmarks(() => this.#frames.want("figures")));
    this.#owned.add(
      playback.onEnd(() => {
        this.#state = { ...this.#state, message: replay.endSentence };
        this.#frames.want("figures");
      }),
    );
  }

  /** Resolves when the person, a signal or the terminal wants it to end. */
  get left(): Promise<void> {
    return this.#left;
  }

  /** Gives the terminal back as it was. Safe to call twice. */
  end(): void {
    this.#owned.end();
    this.#leave();
  }

  #listenForTheEnd(): void {
    const { stop, streams } = this.#options;
    const leave = () => this.#leave();
    if (stop.aborted) leave();
    stop.addEventListener("abort", leave, { once: true });
    this.#owned.add(() => stop.removeEventListener("abort", leave));
    // A terminal that went away ends or fails the input before anything else is heard of it.
    for (const event of ["end", "close", "error"]) this.#owned.listen(streams.input, event, leave);
    this.#owned.listen(streams.output, "error", leave);
  }

  #scene(): Scene | undefined {
    return this.#frozen?.scene ?? this.#memory.scene();
  }

  #draw(): void {
    const scene = this.#scene();
    const { columns, rows } = this.#painter;
    if (scene === undefined) {
      this.#painter.paint(startingFrame(columns, rows));
      return;
    }
    const { root, look } = this.#options;
    // A recording does not grow old while it is looked at.
    const ageMs = this.#replay === undefined ? performance.now() - this.#arrived : 0;
    const position = this.#replay?.position(scene.snapshot.time);
    const frame = this.#maker.make(scene, this.#state, { columns, rows, ageMs, root, look, position });
    this.#frame = frame;
    this.#state = frame.state;
    this.#painter.paint(frame);
  }

  #key(press: KeyPress): void {
    if (this.#state.editing !== null) {
      this.#state = typed(this.#state, press);
      this.#frames.want("key");
      return;
    }
    const command = commandOf(press, this.#replay === undefined ? "live" : "replay");
    if (command !== undefined) this.#command(command);
  }

  #command(command: CommandName): void {
    if (command === "quit") {
      this.#leave();
      return;
    }
    if (command === "suspend") {
      suspendForeground();
      return;
    }
    const scene = this.#scene();
    const room = this.#frame?.room;
    if (scene === undefined || room === undefined) return;
    this.#state = update(this.#state, command, room);
    if (command === "copy") this.#say(() => this.#copy(scene));
    if (command === "write") this.#say(() => this.#write(scene));
    if (isReplayCommand(command)) {
      // After the state was changed: a jump changes it once more.
      const message = this.#replay?.do(command) ?? null;
      if (message !== null) this.#state = { ...this.#state, message };
    }
    if (command === "freeze") this.#frozen = this.#state.frozen ? { scene } : undefined;
    this.#frames.want("key");
  }

  /** A message in the footer, or why it did not work. */
  #say(act: () => string): void {
    let message: string;
    try {
      message = act();
    } catch (error) {
      message = `! not written: ${error instanceof Error ? error.message : String(error)}`;
    }
    this.#state = { ...this.#state, message };
  }

  #copy(scene: Scene): string {
    const { look } = this.#options;
    const card = this.#maker.card(scene, this.#state, cardColumns, look);
    if (card === undefined) return "nothing is selected: choose a row first (arrows), then c";
    const text = cardText(outside(card.name, look), card.lines);
    const path = saveNew(saveFolders(), `secretscope-card-${stampOf(scene.snapshot.time)}`, "txt", text);
    const sequence = look.clipboard ? clipboardSequence(text) : undefined;
    if (sequence !== undefined) this.#painter.send(sequence);
    return `card written to ${path}${sequence === undefined ? "" : ", and sent to the clipboard"}`;
  }

  #write(scene: Scene): string {
    const stem = `secretscope-${stampOf(scene.snapshot.time)}`;
    return `snapshot written to ${saveNew(saveFolders(), stem, "json", `${safeJson(scene.snapshot)}\n`)}`;
  }

  /** A click on the time line. */
  #goTo(x: number): void {
    const scene = this.#scene();
    const position = scene && this.#replay?.position(scene.snapshot.time);
    const time = position && timeAt(position, this.#painter.columns, x);
    if (time !== undefined) this.#replay?.to(time);
    this.#frames.want("key");
  }

  #mouse({ action, pane, x, y }: MousePress): void {
    const room = this.#frame?.room;
    if (pane === "timeLine" && action === "click") this.#goTo(x);
    if (room === undefined || pane === "timeLine" || pane === "header" || pane === "gap" || pane === "footer") return;
    if (pane === "overlay" || action !== "click") {
      if (action === "click") return;
      if (pane !== "overlay") this.#state = { ...this.#state, focus: pane };
      for (let step = 0; step < wheelRows; step += 1)
        this.#state = update(this.#state, action === "wheelup" ? "up" : "down", room);
    } else {
      const clickedLine = this.#frame?.panes.find(({ name }) => name === pane)?.lines[y];
      const head = clickedLine?.heads?.find(({ from, to }) => x >= from && x < to);
      const sortable = pane === "holders" || pane === "splits";
      this.#state =
        head !== undefined && sortable
          ? headClicked(this.#state, pane, head.column, room)
          : clicked(this.#state, pane, clickedLine?.key ?? null, room);
    }
    this.#frames.want("key");
  }
}

function cardText(name: string, lines: readonly Line[]): string {
  const body = lines.map(({ spans }) =>
    spans
      .map(({ text }) => text)
      .join("")
      .trimEnd(),
  );
  return `${name}\n${body.join("\n")}\n`;
}

const starting = ["Reading the kernel and attaching probes.", "This takes a second or two, longer on a busy machine."];

function startingFrame(columns: number, rows: number): Frame {
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
