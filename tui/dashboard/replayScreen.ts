/** `secretscope replay` in a terminal: the dashboard on a recording. */
import type { Rule } from "../../collector/alerts/rule.ts";
import { LandmarkScan } from "../../collector/sources/trace-file/landmarkScan.ts";
import type { ReplayObservation, Speed } from "../../collector/sources/trace-file/observation.ts";
import type { Terminal } from "../terminal.ts";
import { Dashboard } from "./dashboard.ts";
import { lookOf } from "./look.ts";
import type { Playback } from "./playback.ts";

/** Of a recording whose head is damaged; it says from when on figures are late, and a replay never is. */
const usualIntervalMs = 1000;

/** Plays until the person, a signal or the terminal ends it. Closing the trace is the caller's. */
export async function replayScreen(
  trace: ReplayObservation,
  { speed, rules }: { readonly speed: Speed; readonly rules: readonly Rule[] },
  terminal: Terminal,
  asked: AbortSignal,
): Promise<void> {
  const scan = new LandmarkScan(trace.file);
  const screen = new Dashboard({
    streams: { input: process.stdin, output: process.stdout },
    look: lookOf(process.env, false),
    root: terminal.root,
    intervalMs: trace.file.header?.plan?.intervalMs ?? usualIntervalMs,
    rules,
    stop: AbortSignal.any([asked, terminal.out.gone]),
  });
  try {
    screen.watch(trace, { playback: playbackOf(trace, scan) });
    trace.speed = speed;
    trace.play();
    scan.start();
    await screen.left;
  } finally {
    screen.end();
    scan.stop();
    trace.pause();
  }
}

/** Only what the screen needs of it. */
export function playbackOf(trace: ReplayObservation, scan: LandmarkScan): Playback {
  return {
    get range() {
      return trace.range;
    },
    get time() {
      return trace.time;
    },
    get nextTime() {
      return trace.nextTime;
    },
    get playing() {
      return trace.playing;
    },
    get speed() {
      return trace.speed;
    },
    set speed(speed) {
      trace.speed = speed;
    },
    play: () => trace.play(),
    pause: () => trace.pause(),
    step: () => trace.step(),
    get jump() {
      return trace.jump;
    },
    seek: (time, runUp) => trace.seek(time, runUp),
    onJump: (listener) => trace.onJump(listener),
    onEnd: (listener) => trace.onEnd(listener),
    landmarks: scan,
    onLandmarks: (listener) => scan.onProgress(listener),
    isCut: trace.file.end === "cut",
  };
}
