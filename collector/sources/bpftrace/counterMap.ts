/**
 * One map of cumulative counters keyed by numbers, as bpftrace prints it again and again. Most entries are as they were
 * at the last print, so a key is taken apart only when its value moved.
 */
import { splitNumericKey, type Value } from "bpftrace-wrapper";

export interface CounterEntry {
  readonly numbers: readonly number[];
  readonly value: number;
}

export interface KnownEntry extends CounterEntry {
  /** The numbers, exact also beyond 2^53: a start in nanoseconds is, after 104 days. */
  readonly exact: readonly (number | bigint)[];
}

interface Known extends KnownEntry {
  /** The print that it was last seen in. */
  print: number;
}

export class CounterMap {
  readonly #arity: number;
  readonly #known = new Map<string, Known>();
  #print = 0;

  constructor(arity: number) {
    this.#arity = arity;
  }

  get size(): number {
    return this.#known.size;
  }

  get entries(): Iterable<KnownEntry> {
    return this.#known.values();
  }

  /** Takes a print of the whole map. @returns the entries that are new or moved. */
  take(data: Value): CounterEntry[] {
    if (data === null || typeof data !== "object" || Array.isArray(data)) return [];
    const print = ++this.#print;
    const moved: CounterEntry[] = [];
    for (const [key, raw] of Object.entries(data)) {
      const value = Number(raw);
      const known = this.#known.get(key);
      if (known !== undefined && known.value === value) {
        known.print = print;
        continue;
      }
      const exact = known?.exact ?? splitNumericKey(key, this.#arity);
      if (exact === undefined || !Number.isFinite(value)) continue;
      const numbers = known?.numbers ?? exact.map(Number);
      this.#known.set(key, { numbers, exact, value, print });
      moved.push({ numbers, value });
    }
    for (const [key, { print: last }] of this.#known) if (last !== print) this.#known.delete(key);
    return moved;
  }

  /** An empty map is not printed: after all keys were taken out, no line is a line. */
  clear(): void {
    this.#known.clear();
  }
}
