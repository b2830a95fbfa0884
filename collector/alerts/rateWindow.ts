/** Points of the recent past, as few as a rate needs: closer ones than a 240th of the window are not kept. */
import type { Point } from "./history.ts";

const most = 240n;

export class RateWindow {
  readonly #lengthNs: bigint;
  readonly #leastNs: bigint;
  readonly #points: Point[] = [];

  /** @param leastNs before this much was observed there is no rate */
  constructor(lengthNs: bigint, leastNs: bigint) {
    this.#lengthNs = lengthNs;
    this.#leastNs = leastNs;
  }

  get size(): number {
    return this.#points.length;
  }

  clear(): void {
    this.#points.length = 0;
  }

  add(point: Point): void {
    const last = this.#points.at(-1);
    if (last === undefined || point.ns - last.ns >= this.#lengthNs / most) this.#points.push(point);
    // One point at or before the window's beginning stays: snapshots may be further apart than the window is long.
    for (let next = this.#points[1]; next !== undefined && point.ns - next.ns >= this.#lengthNs; next = this.#points[1])
      this.#points.shift();
  }

  /** How much a figure grew, and over how many minutes; null: not observed for long enough, or the figure is unknown. */
  growth(now: Point, figure: (point: Point) => number | null): { amount: number; minutes: number } | null {
    const first = this.#points[0];
    if (first === undefined || now.ns - first.ns < this.#leastNs) return null;
    const [from, to] = [figure(first), figure(now)];
    if (from === null || to === null) return null;
    return { amount: to - from, minutes: Number(now.ns - first.ns) / 60e9 };
  }
}
