/** What the kernel turned down, by process and reason. */
import type { RefusedSample } from "../events.ts";
import { EpochCounter } from "./counters.ts";
import { type ProcessKey, processKey } from "./processes.ts";

export interface RefusalTotal {
  readonly what: RefusedSample["what"];
  readonly code: string;
  readonly count: number;
}

interface Kept {
  readonly what: RefusedSample["what"];
  readonly code: string;
  readonly counter: EpochCounter;
}

/** More processes than this are not kept apart. */
export const mostProcesses = 4096;

export class Refusals {
  readonly #byProcess = new Map<ProcessKey, Map<string, Kept>>();

  sample(event: RefusedSample): void {
    const process = processKey(event);
    const reasons = this.#byProcess.get(process) ?? new Map<string, Kept>();
    if (reasons.size === 0) {
      if (this.#byProcess.size >= mostProcesses) {
        const oldest = this.#byProcess.keys().next().value;
        if (oldest !== undefined) this.#byProcess.delete(oldest);
      }
      this.#byProcess.set(process, reasons);
    }
    const name = `${event.what} ${event.code}`;
    const kept = reasons.get(name) ?? { what: event.what, code: event.code, counter: new EpochCounter() };
    reasons.set(name, kept);
    kept.counter.sample(event.epoch, event.count);
  }

  of(process: ProcessKey): RefusalTotal[] {
    const reasons = this.#byProcess.get(process);
    if (reasons === undefined) return [];
    return [...reasons.values()].map(({ what, code, counter }) => ({ what, code, count: counter.total }));
  }

  get processes(): Iterable<ProcessKey> {
    return this.#byProcess.keys();
  }
}
