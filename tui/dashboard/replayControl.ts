/** The commands of a replay: what each does to the playback, and the sentence that says what came of it. */
import type { LandmarkKind } from "../../collector/sources/trace-file/landmarks.ts";
import { jump, nextSpeed, type Playback } from "./playback.ts";
import type { ReplayCommandName } from "./replayKeys.ts";
import type { Position } from "./views/timeLine.ts";

const seconds = 1_000_000_000n;

const named: Readonly<Record<LandmarkKind, string>> = {
  split: "split",
  refused: "refusal",
  oomKill: "OOM kill",
  gap: "gap",
};

export class ReplayControl {
  readonly #playback: Playback;
  readonly #forget: () => void;

  /** @param forget called before time jumps: what is remembered of other times is no history of what comes */
  constructor(playback: Playback, forget: () => void) {
    this.#playback = playback;
    this.#forget = forget;
  }

  /** @param wall ISO 8601, the wall clock of the present state */
  position(wall: string): Position {
    const { range, time, playing, nextTime, speed, landmarks } = this.#playback;
    return { ...range, time, wall, playing, atEnd: nextTime === undefined, speed, landmarks };
  }

  get endSentence(): string {
    const end = this.#playback.isCut
      ? "! the end of the recording, which was cut off here"
      : "the end of the recording";
    return `${end}: Space plays it again, ^ goes to the beginning`;
  }

  to(time: bigint): void {
    jump(this.#playback, time, this.#forget);
  }

  /** @returns what to tell the person; null: the screen shows it */
  do(command: ReplayCommandName): string | null {
    const playback = this.#playback;
    switch (command) {
      case "playOrPause":
        return this.#playOrPause();
      case "stepOn":
        return playback.step() ? null : this.endSentence;
      case "faster":
      case "slower":
        playback.speed = nextSpeed(playback.speed, command === "faster" ? 1 : -1);
        return null;
      case "back10s":
        return this.#by(-10n * seconds);
      case "on10s":
        return this.#by(10n * seconds);
      case "back1min":
        return this.#by(-60n * seconds);
      case "on1min":
        return this.#by(60n * seconds);
      case "toBegin":
        this.to(playback.range.from);
        return null;
      case "toEnd":
        playback.pause();
        this.to(playback.range.to);
        return this.endSentence;
      case "nextSplit":
      case "previousSplit":
        return this.#toLandmark("split", command === "nextSplit");
      case "nextRefused":
      case "previousRefused":
        return this.#toLandmark("refused", command === "nextRefused");
      case "nextOomKill":
      case "previousOomKill":
        return this.#toLandmark("oomKill", command === "nextOomKill");
      case "nextGap":
      case "previousGap":
        return this.#toLandmark("gap", command === "nextGap");
    }
  }

  #playOrPause(): null {
    const playback = this.#playback;
    if (playback.playing) playback.pause();
    else {
      if (playback.nextTime === undefined) this.to(playback.range.from);
      playback.play();
    }
    return null;
  }

  #by(ns: bigint): string | null {
    const playback = this.#playback;
    if (ns > 0n && playback.nextTime === undefined) return this.endSentence;
    const before = playback.time;
    const { playing } = playback;
    this.to(before + ns);
    // In the middle of a gap there is no sample: the first one behind it is what comes next.
    if (ns > 0n && playback.time === before && playback.step() && playing) playback.play();
    return playback.nextTime === undefined ? this.endSentence : null;
  }

  #toLandmark(kind: LandmarkKind, forwards: boolean): string | null {
    const { landmarks, time } = this.#playback;
    const found = forwards ? landmarks.next(kind, time) : landmarks.previous(kind, time);
    if (found !== undefined) {
      // Whoever looks for something wants to look at it.
      this.#playback.pause();
      this.to(found);
      return null;
    }
    const where = forwards ? "after" : "before";
    if (landmarks.read >= 1) return `no ${named[kind]} ${where} this in the recording`;
    const part = Math.floor(landmarks.read * 100);
    return `no ${named[kind]} found ${where} this yet: ${part}% of the recording was looked through so far`;
  }
}
