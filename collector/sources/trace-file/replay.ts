/**
 * Moves through a trace. The ledger is the one that a live collector has, and it is asked at the same points: after each
 * sample. A sample is what one reading brought, up to and with the collector's own cost.
 */
import type { Event, PageBurst } from "../../events.ts";
import { Ledger } from "../../ledger/ledger.ts";
import type { Snapshot } from "../../snapshot.ts";
import type { Seen } from "../../trace/holdingsReader.ts";
import { endsSample, type Part, parts } from "../../trace/playback.ts";
import type { TraceFile } from "../../trace/traceFile.ts";

interface Sample {
  /** The ledger begins anew. */
  readonly anew: boolean;
  /** The events are a state and no news. */
  readonly isState: boolean;
  readonly events: readonly Seen[];
  /** False for what came after the last sample: it changes the ledger, and live nobody was shown it by itself. */
  readonly complete: boolean;
}

export class TraceReplay {
  readonly file: TraceFile;
  /** Called with the single pages of each batch, which a ledger has no use for. */
  onPages: ((burst: PageBurst) => void) | undefined;
  #ledger = new Ledger();
  #parts: Generator<Part, void, undefined>;
  #part: Part | undefined;
  /** Read, but its turn comes later. */
  #held: Part | undefined;
  /** In #part: what was taken so far. */
  #taken = 0;
  #ahead: Sample | undefined;
  #isAtStart = true;

  constructor(file: TraceFile) {
    this.file = file;
    this.#parts = parts(file);
  }

  get ledger(): Ledger {
    return this.#ledger;
  }

  snapshot(): Snapshot {
    return this.#ledger.snapshot();
  }

  /** CLOCK_MONOTONIC of the present state, ns; 0 before the first sample. */
  get time(): bigint {
    return this.#ledger.now;
  }

  /** When the next sample was complete, ns; undefined at the end. */
  get nextTime(): bigint | undefined {
    const last = this.#peek()?.events.at(-1);
    return last?.at;
  }

  /** The state that a file begins with which continues another one. @returns whether there is one; it may be damaged */
  takeState(): boolean {
    let taken = false;
    for (let next = this.#peek(); next?.isState; next = this.#peek()) {
      this.#apply(next);
      taken = true;
    }
    return taken;
  }

  /** One sample on. @returns false at the end, where nothing has changed */
  step(tell?: (event: Event) => void): boolean {
    for (;;) {
      const sample = this.#peek();
      if (sample === undefined) return false;
      this.#apply(sample, tell);
      if (sample.complete) return true;
    }
  }

  /** To the last sample at or before a time, ns; to the first one when there is none before. */
  seek(time: bigint): void {
    for (const _ of this.seeking(time));
  }

  /** The same in small steps; says after each how much of the way is done, 0 to 1. Between them the state is another. */
  *seeking(time: bigint): Generator<number, void, undefined> {
    const from = lastCheckpoint(this.file, time);
    const isBehind = this.#isAtStart || this.time > time;
    const isAhead = from > 0 && (this.file.batches[from]?.to ?? 0n) > this.time;
    if (isBehind || isAhead) this.#begin(from);
    const begins = this.#isAtStart ? (this.file.batches[from]?.from ?? 0n) : this.time;
    for (;;) {
      const sample = this.#peek();
      if (sample === undefined) return;
      const end = sample.events.at(-1)?.at ?? 0n;
      if (!sample.isState && end > time && !this.#isAtStart) return;
      this.#apply(sample);
      if (!sample.isState && end > time) return;
      yield shareOf(this.time - begins, time - begins);
    }
  }

  #begin(batch: number): void {
    this.#ledger = new Ledger();
    this.#parts = parts(this.file, batch);
    this.#part = undefined;
    this.#held = undefined;
    this.#taken = 0;
    this.#ahead = undefined;
    this.#isAtStart = true;
  }

  #apply(sample: Sample, tell?: (event: Event) => void): void {
    this.#ahead = undefined;
    if (sample.anew) this.#ledger = new Ledger();
    for (const event of sample.events) {
      if (event.kind === "pageBurst") {
        if (!sample.isState) this.onPages?.(event);
        continue;
      }
      this.#ledger.apply(event);
      if (!sample.isState && tell !== undefined) this.#tell(event, tell);
    }
    if (sample.complete || sample.isState) this.#isAtStart = false;
  }

  /** A look by changes is told as the one of which they are changes: all that is held. */
  #tell(seen: Exclude<Seen, PageBurst>, tell: (event: Event) => void): void {
    if (seen.kind !== "lookChange") {
      tell(seen);
      return;
    }
    const news = new Set(seen.changed);
    for (const files of this.#ledger.holdings.byProcess.values()) {
      for (const sample of files.values()) tell(news.has(sample) ? sample : { ...sample, at: seen.at });
    }
    tell(seen.scan);
  }

  #peek(): Sample | undefined {
    this.#ahead ??= this.#next();
    return this.#ahead;
  }

  #next(): Sample | undefined {
    const events: Seen[] = [];
    const rest = { anew: false, isState: false, events, complete: false };
    for (;;) {
      if (this.#part === undefined || this.#taken >= this.#part.events.length) {
        // What was gathered goes first: a new state does not belong to it.
        const { value } = this.#held === undefined ? this.#parts.next() : { value: this.#held };
        this.#held = undefined;
        if (value === undefined) return events.length > 0 ? rest : undefined;
        if (value.isState && events.length > 0) {
          this.#held = value;
          return rest;
        }
        if (value.isState) return { ...value, complete: false };
        this.#part = value;
        this.#taken = 0;
      }
      const { events: all } = this.#part;
      while (this.#taken < all.length) {
        const event = all[this.#taken++];
        if (event === undefined) break;
        events.push(event);
        if (endsSample(event)) return { ...rest, complete: true };
      }
      // A trace without samples, or one made to be endless, does not gather in memory.
      if (events.length >= mostGathered) return rest;
    }
  }
}

const mostGathered = 1 << 18;

function shareOf(done: bigint, all: bigint): number {
  return all <= 0n ? 0 : Math.max(0, Math.min(1, Number(done) / Number(all)));
}

/** Index of the batch to begin with in order to get to a time: the last checkpoint before it, else the first. */
function lastCheckpoint({ batches }: TraceFile, time: bigint): number {
  for (let index = batches.length - 1; index > 0; index--) {
    const place = batches[index];
    if (place?.checkpoint && place.to <= time) return index;
  }
  return 0;
}
