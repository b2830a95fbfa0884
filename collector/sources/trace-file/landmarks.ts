/**
 * Where in a trace something happened that a person looks for. Each is put at the end of its sample, which is where a
 * replay can be sent to. Bounded: when there are too many, those close behind another are left out.
 */

export const landmarkKinds = ["split", "refused", "oomKill", "gap"] as const;
export type LandmarkKind = (typeof landmarkKinds)[number];

/** Times are ns of the trace's CLOCK_MONOTONIC. */
export interface Landmarks {
  /** How much of the trace was looked through, 0 to 1. */
  readonly read: number;
  /** Whether there is one that begins before `to` and ends at `from` or later. */
  between(kind: LandmarkKind, from: bigint, to: bigint): boolean;
  next(kind: LandmarkKind, after: bigint): bigint | undefined;
  previous(kind: LandmarkKind, before: bigint): bigint | undefined;
}

interface Span {
  readonly from: bigint;
  readonly to: bigint;
}

/** More than any screen has columns, and few enough to be kept for any trace. */
const most = 16_384;

/** Landmarks of one kind, in their order. */
export class Spans {
  #spans: Span[] = [];
  readonly #limit: number;
  /** Closer than this behind another nothing is kept, ns. */
  #least = 0n;

  constructor(limit = most) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#spans.length;
  }

  add(span: Span): void {
    const last = this.#spans.at(-1);
    if (last !== undefined && (span.to <= last.to || span.to - last.to < this.#least)) return;
    this.#spans.push(span);
    while (this.#spans.length > this.#limit) this.#thin();
  }

  /** Index of the first that ends at this time or later. */
  from(time: bigint): number {
    let [low, high] = [0, this.#spans.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#spans[middle]?.to ?? 0n) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  at(index: number): Span | undefined {
    return this.#spans[index];
  }

  #thin(): void {
    const [first, last] = [this.#spans[0], this.#spans.at(-1)];
    if (first === undefined || last === undefined) return;
    const even = ((last.to - first.to) * 2n) / BigInt(this.#limit);
    this.#least = even > this.#least * 2n ? even : this.#least * 2n + 1n;
    let before: Span | undefined;
    this.#spans = this.#spans.filter((span) => {
      if (before !== undefined && span.to - before.to < this.#least) return false;
      before = span;
      return true;
    });
  }
}
