/** The live screen: an observation on one side, a terminal on the other. Owns every timer and listener of both. */
import type { Rule } from "../../collector/alerts/rule.ts";
import type { Observation } from "../../collector/observation.ts";
import { type Frame, FrameMaker } from "./frame.ts";
import { type CommandName, commandOf, type KeyPress } from "./keys.ts";
import type { Look } from "./look.ts";
import { Memory, type Scene } from "./model/scene.ts";
import { pressed } from "./mouse.ts";
import type { Playback } from "./playback.ts";
import { RecordingControl, type RecordingMeans, type RecordingVoice } from "./recordingControl.ts";
import { ReplayControl } from "./replayControl.ts";
import { isReplayCommand } from "./replayKeys.ts";
import { saveCard, saveSnapshot } from "./save.ts";
import { Frames } from "./screen/frames.ts";
import { handleSuspend, suspendForeground } from "./screen/jobControl.ts";
import { Owned } from "./screen/owned.ts";
import { type MousePress, Painter, type TerminalStreams } from "./screen/painter.ts";
import { forgetEvents, initialState, type State, update } from "./state.ts";
import { typed } from "./typing.ts";
import { startingFrame } from "./views/starting.ts";
import { timeAt } from "./views/timeLine.ts";

export interface DashboardOptions {
  readonly streams: TerminalStreams;
  readonly look: Look;
  readonly root: boolean;
  readonly intervalMs: number;
  /** What fires is a word in the header and a line in the events. Left out: the rules that secretscope comes with. */
  readonly rules?: readonly Rule[];
  /** How the person asked for it to begin. */
  readonly state?: State;
  /** Aborted by a signal, or when the terminal is gone. */
  readonly stop: AbortSignal;
  /** Runs the drawing of each frame; a benchmark measures it here. */
  readonly around?: (draw: () => void) => void;
}

/** What can be done to an observation, beside looking at it: a replay is played, a live one recorded. */
interface Watched {
  readonly playback?: Playback;
  readonly recording?: RecordingMeans;
}

/** How often a screen without news is looked at: figures that grow old have to say so. */
const oldAgeMs = 1000;
const cardColumns = 100;

export class Dashboard {
  readonly #options: DashboardOptions;
  readonly #owned = new Owned();
  readonly #painter: Painter;
  readonly #frames: Frames;
  readonly #maker = new FrameMaker();
  #memory: Memory;
  #replay: ReplayControl | undefined;
  #recording: RecordingControl | undefined;
  readonly #left: Promise<void>;
  #leave: () => void = () => {};
  #state: State;
  #frozen: { readonly scene: Scene } | undefined;
  #frame: Frame | undefined;
  #arrived = performance.now();

  constructor(options: DashboardOptions) {
    this.#options = options;
    this.#state = options.state ?? initialState;
    this.#memory = new Memory(options.intervalMs, options.rules);
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

  /**
   * Draws this observation from now on. Closing it, and what it records, is the caller's.
   * @param playback of a replay: what keys do to it
   */
  watch(observation: Observation, { playback, recording }: Watched = {}): void {
    if (playback !== undefined) this.#control(playback);
    if (recording !== undefined) this.#recording = new RecordingControl(recording, this.#voice);
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
    this.#owned.add(observation.onNotice((notice) => this.#voice.notice(notice)));
    seen();
  }

  /** How what goes on beside the keys is told. */
  readonly #voice: RecordingVoice = {
    say: (message) => {
      this.#state = { ...this.#state, message };
      this.#frames.want("key");
    },
    notice: (text) => {
      this.#memory.notice(text);
      this.#frames.want("figures");
    },
  };

  #control(playback: Playback): void {
    const replay = new ReplayControl(playback, {
      forget: () => {
        this.#memory = new Memory(this.#options.intervalMs, this.#options.rules);
        this.#state = forgetEvents(this.#state);
      },
      say: this.#voice.say,
    });
    this.#replay = replay;
    this.#owned.add(playback.onLandmarks(() => this.#frames.want("figures")));
    this.#owned.add(playback.onJump(() => this.#frames.want("figures")));
    this.#owned.add(playback.onEnd(() => this.#voice.say(replay.endSentence)));
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
    const position = this.#replay?.position(scene.snapshot);
    const recorded = this.#recording?.running;
    const frame = this.#maker.make(scene, this.#state, { columns, rows, ageMs, root, look, position, recorded });
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
    if (command === "write") this.#say(() => saveSnapshot(scene.snapshot));
    if (command === "record") this.#record(scene);
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

  #record({ snapshot }: Scene): void {
    if (this.#recording !== undefined) void this.#recording.toggle(snapshot);
    else
      this.#voice.say(
        this.#replay === undefined ? "nothing can be recorded here" : "a recording is not recorded again",
      );
  }

  #copy(scene: Scene): string {
    const { look } = this.#options;
    const card = this.#maker.card(scene, this.#state, cardColumns, look);
    if (card === undefined) return "nothing is selected: choose a row first (arrows), then c";
    const { message, clipboard } = saveCard(card, scene.snapshot.time, look);
    if (clipboard !== undefined) this.#painter.send(clipboard);
    return message;
  }

  /** A click on the time line. */
  #goTo(x: number): void {
    const scene = this.#scene();
    const position = scene && this.#replay?.position(scene.snapshot);
    const time = position && timeAt(position, this.#painter.columns, x);
    if (time !== undefined) this.#replay?.to(time);
    this.#frames.want("key");
  }

  #mouse(press: MousePress): void {
    if (press.pane === "timeLine" && press.action === "click") this.#goTo(press.x);
    if (this.#frame === undefined) return;
    const state = pressed(this.#state, this.#frame, press);
    if (state === undefined) return;
    this.#state = state;
    this.#frames.want("key");
  }
}
