/**
 * Recordings that begin and end while an observation goes on. Each is a trace of its own: it begins with the state that
 * there was, and whoever replays it sees what was seen live.
 */
import { CannotRun } from "../cannotRun.ts";
import type { Observation } from "../observation.ts";
import { CheckpointMemory } from "./checkpoint/memory.ts";
import { Recorder, type RecorderOptions } from "./recorder.ts";

/** In rare moments a state cannot be written down; one of the next snapshots is the end of that. */
const mostTries = 5;

export class Recordings {
  readonly #observation: Pick<Observation, "onEvent" | "onSnapshot">;
  readonly #memory = new CheckpointMemory();
  readonly #ended: () => void;
  #recorder: Recorder | undefined;
  #starting: Promise<unknown> | undefined;
  #stopping: Promise<void> = Promise.resolve();
  #isClosed = false;
  #failure: Error | undefined;
  /** Wakes a recording that waits for a moment to begin. */
  #wake: () => void = () => {};

  /** @param observation before its first event: what a recording begins with is made from all that happened */
  constructor(observation: Pick<Observation, "onEvent" | "onSnapshot">) {
    this.#observation = observation;
    this.#ended = observation.onEvent((event) => {
      // A recorder feeds the memory itself, until it fails.
      if (this.#recorder === undefined || this.#recorder.failure !== undefined) this.#memory.take(event);
      else this.#recorder.take(event);
    });
  }

  /** The one that runs, or failed and was not stopped yet. */
  get running(): Recorder | undefined {
    return this.#recorder;
  }

  /** Why the first one that could not go on to its end ended; undefined while all were whole. */
  get failure(): Error | undefined {
    return this.#failure ?? this.#recorder?.failure;
  }

  /** @throws CannotRun when one runs already, when the file cannot be made, or no moment was found: then no file is left */
  async start(into: RecorderOptions): Promise<Recorder> {
    if (this.#recorder !== undefined || this.#starting !== undefined)
      throw new CannotRun("a recording runs already", "end it first");
    const starting = this.#start(into);
    this.#starting = starting.catch(() => {});
    try {
      return await starting;
    } finally {
      this.#starting = undefined;
    }
  }

  async #start(into: RecorderOptions): Promise<Recorder> {
    const recorder = await Recorder.create(into, this.#memory);
    for (let tries = 1; this.#isClosed || !recorder.begin(); tries++) {
      if (this.#isClosed || tries === mostTries) {
        await recorder.abandon();
        throw new CannotRun("what is there now could not be written down", "try again in some seconds");
      }
      await this.#nextSnapshot();
    }
    // Nothing is awaited since it began: no event was missed.
    this.#recorder = recorder;
    return recorder;
  }

  /** Ends the file. @returns the recorder that ran, with what became of it */
  async stop(): Promise<Recorder | undefined> {
    const recorder = this.#recorder;
    this.#recorder = undefined;
    this.#stopping = recorder?.close() ?? this.#stopping;
    await this.#stopping;
    this.#failure ??= recorder?.failure;
    return recorder;
  }

  /** Hears nothing more; a recording that runs is ended in order. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#ended();
    this.#wake();
    await this.#starting;
    await this.stop();
  }

  #nextSnapshot(): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.#observation.onSnapshot(() => this.#wake());
      this.#wake = () => {
        stop();
        resolve();
      };
    });
  }
}
