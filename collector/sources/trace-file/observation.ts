/**
 * A trace with the face of the live collector: whoever draws cannot tell them apart. Beyond that it can be held, run
 * faster or slower, and put to another time.
 */
import type { Event } from "../../events.ts";
import { Listeners } from "../../listeners.ts";
import type { Observation } from "../../observation.ts";
import type { Snapshot } from "../../snapshot.ts";
import { TraceFile } from "../../trace/traceFile.ts";
import { Jump } from "./jump.ts";
import { TraceReplay } from "./replay.ts";

/** Times as fast as it happened; "most": as fast as it can be read. */
export type Speed = number | "most";
export const speeds = { least: 0.1, most: 1000 } as const;

export interface ReplayObservation extends Observation {
  readonly file: TraceFile;
  /** First and last time in the trace, ns of CLOCK_MONOTONIC. */
  readonly range: { readonly from: bigint; readonly to: bigint };
  readonly time: bigint;
  /** When the next sample was complete, ns; undefined at the end. */
  readonly nextTime: bigint | undefined;
  readonly playing: boolean;
  speed: Speed;
  play(): void;
  pause(): void;
  /** One sample on; pauses. While a jump is under way it only pauses. @returns false at the end */
  step(): boolean;
  /** Under way to another time; what is told meanwhile is not there yet. */
  readonly jump: Pick<Jump, "to" | "done"> | undefined;
  /**
   * To the last sample at or before a time, ns; goes on playing if it was. A long way is gone in slices. A newer one
   * takes the place of an older one.
   * @returns whether it arrived; false when another jump took its place, or the trace was closed
   */
  seek(time: bigint, runUp?: RunUp): Promise<boolean>;
  /** Called after each slice of a jump, and when it has arrived. */
  onJump(listener: () => void): () => void;
  /** Called when the end is reached. */
  onEnd(listener: () => void): () => void;
}

/** Plays up to the time of a jump from a little before, so that listeners know what was before it. */
export interface RunUp {
  /** How long before, ns. */
  readonly ns: bigint;
  /** Called before the first snapshot from there is told: what was told so far belongs to another time. */
  begin(): void;
}

/** Where samples are so large that the run-up takes longer, ms of work, it is left out. */
const longestRunUpMs = 250;

/** Samples told in one go at full speed, before others get their turn. */
const atOnce = 64;
/** And no longer than this, ms: a sample with thousands of holders takes a while, and a person may be pressing keys. */
const atOnceMs = 20;

class TraceObservation implements ReplayObservation {
  readonly file: TraceFile;
  readonly #replay: TraceReplay;
  readonly #snapshots = new Listeners<Snapshot>();
  readonly #events = new Listeners<Event>();
  readonly #notices = new Listeners<string>();
  readonly #ends = new Listeners<void>();
  #speed: Speed = 1;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #playing = false;
  /** Where in the trace, ns, and when of this machine, ms, the present run began: waiting times do not add up errors. */
  #anchor = { trace: 0n, ms: 0 };
  #jump: Jump | undefined;
  readonly #jumps = new Listeners<void>();
  #closed = false;

  constructor(file: TraceFile) {
    this.file = file;
    this.#replay = new TraceReplay(file);
    this.#replay.step();
  }

  get range(): { readonly from: bigint; readonly to: bigint } {
    const { batches } = this.file;
    return { from: batches[0]?.from ?? 0n, to: batches.at(-1)?.to ?? 0n };
  }

  get time(): bigint {
    return this.#replay.time;
  }

  get nextTime(): bigint | undefined {
    return this.#replay.nextTime;
  }

  get playing(): boolean {
    return this.#playing;
  }

  get speed(): Speed {
    return this.#speed;
  }

  set speed(speed: Speed) {
    this.#speed = speed === "most" ? speed : Math.min(speeds.most, Math.max(speeds.least, speed));
    this.#restart();
  }

  snapshot(): Snapshot {
    return this.#replay.snapshot();
  }

  onSnapshot(listener: (snapshot: Snapshot) => void) {
    return this.#snapshots.add(listener);
  }

  onEvent(listener: (event: Event) => void) {
    return this.#events.add(listener);
  }

  onNotice(listener: (notice: string) => void) {
    return this.#notices.add(listener);
  }

  onEnd(listener: () => void) {
    return this.#ends.add(listener);
  }

  play(): void {
    if (this.#closed) return;
    this.#playing = true;
    this.#restart();
  }

  pause(): void {
    this.#playing = false;
    this.#cancel();
  }

  step(): boolean {
    this.pause();
    return this.#jump !== undefined || this.#advance();
  }

  get jump(): Pick<Jump, "to" | "done"> | undefined {
    return this.#jump;
  }

  onJump(listener: () => void) {
    return this.#jumps.add(listener);
  }

  seek(time: bigint, runUp?: RunUp): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    this.#cancel();
    this.#jump?.giveUp();
    const jump = new Jump(time, runUp === undefined ? this.#way(time) : this.#wayWithRunUp(time, runUp));
    this.#jump = jump;
    return jump.go(() => this.#jumps.tell());
  }

  *#way(time: bigint): Generator<number, void, undefined> {
    yield* this.#replay.seeking(time);
    this.#arrive();
  }

  *#wayWithRunUp(time: bigint, { ns, begin }: RunUp): Generator<number, void, undefined> {
    yield* this.#replay.seeking(time - ns);
    begin();
    this.#snapshots.tell(this.#replay.snapshot());
    let spent = 0;
    while (isAtOrBefore(this.#replay.nextTime, time)) {
      if (spent > longestRunUpMs) {
        yield* this.#replay.seeking(time);
        begin();
        break;
      }
      const began = performance.now();
      this.#advance();
      spent += performance.now() - began;
      yield 1;
    }
    this.#arrive();
  }

  /** Before anybody else gets their turn: what is told next is of the new time. */
  #arrive(): void {
    this.#jump = undefined;
    this.#snapshots.tell(this.#replay.snapshot());
    this.#restart();
    this.#jumps.tell();
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.pause();
      this.#jump?.giveUp();
      this.#jump = undefined;
      this.#closed = true;
      this.file.close();
    }
    return Promise.resolve();
  }

  #advance(): boolean {
    const moved = this.#replay.step((event) => this.#events.tell(event));
    if (moved) this.#snapshots.tell(this.#replay.snapshot());
    return moved;
  }

  #restart(): void {
    this.#cancel();
    this.#anchor = { trace: this.#replay.time, ms: performance.now() };
    if (this.#playing && this.#jump === undefined) this.#schedule();
  }

  #cancel(): void {
    clearTimeout(this.#timer as NodeJS.Timeout | undefined);
    clearImmediate(this.#timer as NodeJS.Immediate | undefined);
  }

  #schedule(): void {
    const next = this.#replay.nextTime;
    if (next === undefined) {
      this.#playing = false;
      this.#ends.tell();
      return;
    }
    if (this.#speed === "most") {
      this.#timer = setImmediate(() => this.#run(atOnce));
      return;
    }
    const due = this.#anchor.ms + Number(next - this.#anchor.trace) / 1e6 / this.#speed;
    this.#timer = setTimeout(() => this.#run(1), Math.max(0, due - performance.now()));
  }

  #run(samples: number): void {
    const until = performance.now() + atOnceMs;
    for (let count = 0; count < samples && this.#playing && performance.now() < until; count++) {
      if (!this.#advance()) break;
    }
    if (this.#playing) this.#schedule();
  }
}

/** At the end there is no next one. */
const isAtOrBefore = (next: bigint | undefined, time: bigint) => next !== undefined && next <= time;

/** Opens a trace at its first sample, paused. @throws CannotRun when it cannot be read */
export function openTrace(path: string): ReplayObservation {
  const file = new TraceFile(path);
  try {
    return new TraceObservation(file);
  } catch (error) {
    file.close();
    throw error;
  }
}
