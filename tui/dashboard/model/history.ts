/** Cumulative figures over the last hour: what rates, charts and the forecast are made from. */
import type { SplitLevel } from "../../../collector/events.ts";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { Ring } from "./ring.ts";

type ByLevel = Readonly<Record<SplitLevel, number | null>>;

export interface Sample {
  /** Monotonic time, seconds; a double holds nanoseconds of weeks to a microsecond. */
  readonly seconds: number;
  /** Since boot; null: the kernel does not count them. */
  readonly splits: ByLevel;
  readonly collapses: ByLevel;
  /** Since start, caused by secretscope itself. */
  readonly own: ByLevel;
  readonly residentBytes: number | null;
}

export const longestWindowSeconds = 3600;
/** Finer than this nothing is kept: an hour of it is 3600 samples, whatever the interval. */
const spacingSeconds = 0.95;

export const secondsOf = (snapshot: Snapshot): number => Number(BigInt(snapshot.monotonicNs) / 1000n) / 1e6;

export function sampleOf(snapshot: Snapshot): Sample {
  const { directMap, secret } = snapshot;
  return {
    seconds: secondsOf(snapshot),
    splits: directMap.splits,
    collapses: directMap.collapses,
    own: directMap.sinceStart.own,
    residentBytes: secret.residentBytes,
  };
}

export class History {
  readonly #samples = new Ring<Sample>(Math.ceil(longestWindowSeconds / spacingSeconds) + 2);

  /** The newest sample always stays; a newer one replaces it while it is too close to the one before. */
  add(sample: Sample): void {
    const before = this.#samples.at(-2);
    const last = this.#samples.at(-1);
    // A replay that was sent back in time starts a new history.
    if (last !== undefined && sample.seconds < last.seconds) while (this.#samples.length > 0) this.#samples.shift();
    if (last !== undefined && before !== undefined && last.seconds - before.seconds < spacingSeconds) {
      this.#samples.replaceLast(sample);
    } else this.#samples.push(sample);
    const oldest = sample.seconds - longestWindowSeconds;
    // One sample older than the window stays: rates begin at it.
    while ((this.#samples.at(1)?.seconds ?? Number.POSITIVE_INFINITY) <= oldest) this.#samples.shift();
  }

  /** Oldest first. */
  samples(): readonly Sample[] {
    return this.#samples.toArray();
  }
}
