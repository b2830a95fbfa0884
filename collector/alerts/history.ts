/**
 * What the figures may remember: a few counters of the past hour, at most some hundred points. All times are the
 * snapshots' own (CLOCK_MONOTONIC), so that a replay at any speed remembers the same.
 */
import type { SplitCause } from "../events.ts";
import type { Snapshot } from "../snapshot.ts";
import { RateWindow } from "./rateWindow.ts";

/** Cumulative figures at one time. */
export interface Point {
  readonly ns: bigint;
  /** All splits since boot, /proc/vmstat; null: this kernel does not count them. */
  readonly kernelSplits: number | null;
  /** Splits that secretscope itself caused. */
  readonly ownSplits: number;
  /** Splits of others, by cause. */
  readonly causes: ReadonlyMap<SplitCause, number>;
  /** What the kernel turned down since start, whoever asked. */
  readonly refused: number;
  /** Size of the direct map in mappings of 2M and 1G; null where the architecture does not say. */
  readonly largeBytes: number | null;
}

const secondNs = 1_000_000_000n;
const minuteNs = 60n * secondNs;

export class History {
  /** Rates: long enough to smooth one module load, short enough to see a storm. Unknown for the first minute. */
  readonly minutes = new RateWindow(5n * minuteNs, minuteNs);
  /** Forecasts: ten minutes say little about the next day, less says nothing. */
  readonly hour = new RateWindow(60n * minuteNs, 10n * minuteNs);
  #last: { readonly snapshot: Snapshot; readonly point: Point } | undefined;
  #stepNs = 0n;
  #wasComplete = false;

  /** Of the last snapshot. */
  get now(): Point | undefined {
    return this.#last?.point;
  }

  /** Some snapshot before said that its evidence was complete. */
  get wasComplete(): boolean {
    return this.#wasComplete;
  }

  /** @returns ns observed since the snapshot before; 0 when nobody looked in between */
  observe(snapshot: Snapshot): bigint {
    const point = pointOf(snapshot);
    const before = this.#last;
    const stepNs = before === undefined ? 0n : point.ns - before.point.ns;
    const unseen = before === undefined || this.#isGap(stepNs) || hasRestarted(snapshot, before.snapshot);
    // A step back is another boot or another recording; what it says about the time between is nothing.
    this.#stepNs = stepNs < 0n ? 0n : stepNs;
    if (unseen || fell(point, before.point)) {
      this.minutes.clear();
      this.hour.clear();
    }
    this.minutes.add(point);
    this.hour.add(point);
    this.#wasComplete ||= snapshot.evidence.complete;
    this.#last = { snapshot, point };
    return unseen ? 0n : stepNs;
  }

  /** The second of two long steps is how this recording was made (--interval 1h), the first one is a hole in it. */
  #isGap(stepNs: bigint): boolean {
    const usual = 3n * this.#stepNs;
    return stepNs < 0n || stepNs > (usual > minuteNs ? usual : minuteNs);
  }
}

function hasRestarted(now: Snapshot, before: Snapshot): boolean {
  return (
    now.host.bootId !== before.host.bootId ||
    now.evidence.restarts !== before.evidence.restarts ||
    now.evidence.gaps.length !== before.evidence.gaps.length
  );
}

/** A counter never falls while it is the same counter. */
function fell(now: Point, before: Point): boolean {
  if (now.ownSplits < before.ownSplits || (now.kernelSplits ?? 0) < (before.kernelSplits ?? 0)) return true;
  if (now.refused < before.refused) return true;
  return [...before.causes].some(([cause, count]) => (now.causes.get(cause) ?? 0) < count);
}

function pointOf({ monotonicNs, directMap, splitCauses, secret }: Snapshot): Point {
  const causes = new Map<SplitCause, number>();
  let ownSplits = 0;
  for (const { cause, count, own } of splitCauses) {
    if (own) ownSplits += count;
    else causes.set(cause, (causes.get(cause) ?? 0) + count);
  }
  const { splits, bytes } = directMap;
  return {
    ns: BigInt(monotonicNs),
    kernelSplits: splits["2m"] === null ? null : splits["2m"] + (splits["1g"] ?? 0),
    ownSplits,
    causes,
    refused: secret.refusals.reduce((sum, { count }) => sum + count, 0),
    largeBytes: bytes["2m"] === null ? null : bytes["2m"] + (bytes["1g"] ?? 0),
  };
}
