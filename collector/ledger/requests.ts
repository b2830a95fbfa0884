/** Requests to change the direct map, and secretmem's faults with their latency: function route only. */
import type { RequestSample } from "../events.ts";
import { EpochCounter } from "./counters.ts";

export interface RequestTotal {
  readonly function: string;
  readonly result: string;
  readonly count: number;
  /** Mean time inside, ns; null where not measured. */
  readonly averageNs: number | null;
}

interface Kept {
  readonly function: string;
  readonly result: string;
  readonly count: EpochCounter;
  readonly timed: EpochCounter;
  readonly totalNs: EpochCounter;
}

export class Requests {
  readonly #kept = new Map<string, Kept>();

  sample(event: RequestSample): void {
    const name = `${event.function} ${event.result}`;
    const kept = this.#kept.get(name) ?? {
      function: event.function,
      result: event.result,
      count: new EpochCounter(),
      timed: new EpochCounter(),
      totalNs: new EpochCounter(),
    };
    this.#kept.set(name, kept);
    kept.count.sample(event.epoch, event.count);
    if (event.totalNs !== null) {
      kept.timed.sample(event.epoch, event.count);
      kept.totalNs.sample(event.epoch, event.totalNs);
    }
  }

  get totals(): RequestTotal[] {
    return [...this.#kept.values()].map(({ function: name, result, count, timed, totalNs }) => ({
      function: name,
      result,
      count: count.total,
      averageNs: timed.total > 0 ? Math.round(totalNs.total / timed.total) : null,
    }));
  }
}
