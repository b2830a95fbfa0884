/** The commands of a replay: what each does to the playback, and the sentence that says what came of it. */
import type { Snapshot } from "../../collector/snapshot.ts";
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

export interface ReplayControlOptions {
  /** Time has jumped: what is remembered of other times is no history of what comes. */
  readonly forget: () => void;
  /** What to tell the person when a jump has arrived. */
  readonly say: (sentence: string) => void;
}

export class ReplayControl {
  readonly #playback: Playback;
  readonly #options: ReplayControlOptions;

  constructor(playback: Playback, options: ReplayControlOptions) {
    this.#playback = playback;
    this.#options = options;
  }

  /** @param shown the state on the screen: its wall clock, ISO 8601, and its CLOCK_MONOTONIC, ns */
  position(shown: Pick<Snapshot, "time" | "monotonicNs">): Position {
    const { range, playing, nextTime, speed, landmarks, jump } = this.#playback;
    const time = BigInt(shown.monotonicNs);
    const base = { ...range, time, wall: shown.time, playing, speed, landmarks };
    if (jump === undefined) return { ...base, atEnd: nextTime === undefined, jump: undefined };
    return { ...base, atEnd: false, jump: { to: jump.to, done: jump.done } };
  }

  /** Where the person sees themselves: a jump on the way counts as done. */
  get #here(): bigint {
    return this.#playback.jump?.to ?? this.#playback.time;
  }

  get endSentence(): string {
    const end = this.#playback.isCut
      ? "! the end of the recording, which was cut off here"
      : "the end of the recording";
    return `${end}: Space plays it again, ^ goes to the beginning`;
  }

  /** @param arrived what there is to say then */
  to(time: bigint, arrived: () => string | null = () => null): void {
    void jump(this.#playback, time, this.#options.forget).then((isThere) => {
      const sentence = isThere ? arrived() : null;
      if (sentence !== null) this.#options.say(sentence);
    });
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
        this.to(playback.range.to, () => this.endSentence);
        return null;
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
    if (ns > 0n && playback.jump === undefined && playback.nextTime === undefined) return this.endSentence;
    const before = this.#here;
    const { playing } = playback;
    this.to(before + ns, () => {
      // In the middle of a gap there is no sample: the first one behind it is what comes next.
      if (ns > 0n && playback.time <= before && playback.step() && playing) playback.play();
      return playback.nextTime === undefined ? this.endSentence : null;
    });
    return null;
  }

  #toLandmark(kind: LandmarkKind, forwards: boolean): string | null {
    const { landmarks } = this.#playback;
    const here = this.#here;
    const found = forwards ? landmarks.next(kind, here) : landmarks.previous(kind, here);
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
