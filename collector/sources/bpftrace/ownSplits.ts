/**
 * Attaching splits too, before the probes can see it: what vmstat moved since before bpftrace was started, less what
 * the probes counted, is our own. The counters are read a while before or after vmstat is, so that is only exact for a
 * reading during which vmstat did not move; a split in between would be called ours.
 */
import type { SplitLevel } from "../../../probes/words.ts";
import type { KernelSample, OwnSplitsEvent } from "../../events.ts";
import type { SplitCount } from "./splitMaps.ts";

/** On a host that splits all the time no reading is exact: after so many, what is certainly ours is told. */
const mostReadings = 8;
const levels: readonly SplitLevel[] = ["2m", "1g"];

export class OwnSplits {
  #before: KernelSample | undefined;
  #asked: KernelSample | undefined;
  #readings = 0;

  /** @param before vmstat before bpftrace was started */
  begin(before: KernelSample): void {
    this.#before = before;
    this.#asked = undefined;
    this.#readings = 0;
  }

  /** Not told yet in this life of bpftrace. */
  get areOpen(): boolean {
    return this.#before !== undefined;
  }

  /** @param sample vmstat before the counters of the next reading are read */
  asked(sample: KernelSample): void {
    this.#asked = sample;
  }

  /**
   * @param sample vmstat after the counters were read
   * @returns once in each life of bpftrace what is ours; until then, and after, undefined
   */
  of(sample: KernelSample, counted: readonly SplitCount[]): OwnSplitsEvent["splits"] | undefined {
    const before = this.#before;
    if (before === undefined) return undefined;
    const asked = this.#asked;
    // Where the program prints by itself, the next reading comes after this sample.
    this.#asked = sample;
    if (asked === undefined) return undefined;
    const isExact = levels.every((level) => asked.splits[level] === sample.splits[level]);
    // With a second generation of the maps, a reading no longer holds everything that was ever counted.
    const isLast = ++this.#readings >= mostReadings || new Set(counted.map(({ generation }) => generation)).size > 1;
    if (!isExact && !isLast) return undefined;
    this.#before = undefined;
    return shares(before, asked, counted);
  }
}

/** A split whose level the route cannot tell is taken for 2M, the common one, as far as 2M moved at all. */
function shares(
  before: KernelSample,
  after: KernelSample,
  counted: readonly SplitCount[],
): Record<SplitLevel, number | null> {
  const moved = (level: SplitLevel) => {
    const later = after.splits[level];
    const earlier = before.splits[level];
    return later === null || earlier === null ? null : later - earlier;
  };
  const seen = (level: SplitLevel | null) =>
    counted.reduce((sum, split) => sum + (split.level === level ? split.count : 0), 0);
  const small = moved("2m");
  const large = moved("1g");
  const left = (small ?? 0) - seen("2m") - seen(null);
  return {
    "2m": small === null ? null : Math.max(0, left),
    "1g": large === null ? null : Math.max(0, large - seen("1g") + Math.min(0, left)),
  };
}
