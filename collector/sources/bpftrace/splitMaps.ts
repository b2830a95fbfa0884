/**
 * Splits by process and stack. The keys hold a stack, so they cannot be taken out one by one: there are two generations
 * of the maps. When one has grown, new counts go to the other; the old one is read whole once more, and only then
 * emptied. What it counted reaches the ledger before anything of the new generation does.
 */
import type { Value } from "bpftrace-wrapper";
import { causeOf, framesOf, isSplit, symbolOf } from "../../../probes/kernel/cause.ts";
import type { SplitCause, SplitLevel } from "../../../probes/words.ts";

export interface SplitCount {
  readonly pid: number;
  readonly rawStart: number;
  readonly comm: string;
  readonly cause: SplitCause;
  readonly level: SplitLevel | null;
  readonly stack: readonly string[];
  readonly count: number;
  readonly generation: number;
}

interface Key {
  readonly name: string;
  readonly pid: number;
  readonly rawStart: number;
  readonly comm: string;
  readonly stack: readonly string[];
}

/** More entries than this, real splits or not, and the generation is changed: each costs time at every reading. */
const fullAt = 256;
/** So often in a row must an emptied map stay silent before it is used again: what was left in it would count twice. */
const silentReadings = 3;
const parities = [0, 1] as const;
type Parity = (typeof parities)[number];

export interface SplitMapsOptions {
  /** The function route counts each level in a map of its own. */
  readonly byLevel: boolean;
  /** Numbers generations, over all lives of the probes. */
  readonly nextGeneration: () => number;
}

export class SplitMaps {
  readonly #options: SplitMapsOptions;
  readonly #lines = new Map<string, Value>();
  readonly #keys = new Map<string, Key | null>();
  #active: Parity = 0;
  #generation: [number, number];
  /** Ticks since the last switch; the old generation is final from the second on. */
  #ticksSinceSwitch = Number.POSITIVE_INFINITY;
  /** The old generation was read whole and may be emptied, or is empty. */
  #oldIsRead = true;
  #oldIsEmpty = true;
  /** Readings in a row in which the old generation printed nothing. */
  #absent = 0;
  #size = 0;

  constructor(options: SplitMapsOptions) {
    this.#options = options;
    this.#generation = [options.nextGeneration(), 0];
  }

  /** Maps are @s0 @s1 (2M, or level unknown) and @g0 @g1 (1G). */
  take(map: string, data: Value): void {
    this.#lines.set(map, data);
  }

  /** The reading that follows was made with this generation active, as the kernel program says. */
  tick(active: number): void {
    this.#lines.clear();
    const parity: Parity = active === 1 ? 1 : 0;
    if (parity === this.#active) {
      this.#ticksSinceSwitch++;
      return;
    }
    this.#active = parity;
    this.#generation[parity] = this.#options.nextGeneration();
    this.#ticksSinceSwitch = 0;
    this.#oldIsRead = false;
    this.#oldIsEmpty = false;
    this.#absent = 0;
  }

  /**
   * The reading is complete. @returns what is to be told, old generation first.
   * @param lossless no line was reported lost since the reading before: only then does silence mean an empty map.
   */
  settle(lossless: boolean): SplitCount[] {
    const old: Parity = this.#active === 0 ? 1 : 0;
    const counts: SplitCount[] = [];
    const whole = this.#maps(old).every((map) => this.#lines.has(map));
    if (!this.#oldIsRead && whole) {
      counts.push(...this.#counts(old));
      if (this.#ticksSinceSwitch >= 1) this.#oldIsRead = true;
    }
    const silent = this.#oldIsRead && this.#maps(old).every((map) => !this.#lines.has(map));
    this.#absent = silent && lossless ? this.#absent + 1 : 0;
    if (this.#absent >= silentReadings) this.#oldIsEmpty = true;
    // Nothing of the new generation before the last of the old one, or a counter would seem to begin again too soon.
    if (this.#oldIsRead) counts.push(...this.#counts(this.#active));
    this.#size = this.#maps(this.#active).reduce((sum, map) => sum + sizeOf(this.#lines.get(map)), 0);
    return counts;
  }

  /** What to ask of the kernel program after a reading. */
  get wish(): { readonly empty: Parity } | { readonly switchTo: Parity } | undefined {
    const old: Parity = this.#active === 0 ? 1 : 0;
    if (this.#oldIsRead && !this.#oldIsEmpty) return { empty: old };
    if (this.#oldIsEmpty && this.#size > fullAt) return { switchTo: old };
    return undefined;
  }

  #maps(parity: Parity): readonly string[] {
    return this.#options.byLevel ? [`@s${parity}`, `@g${parity}`] : [`@s${parity}`];
  }

  #counts(parity: Parity): SplitCount[] {
    return this.#maps(parity).flatMap((map) => this.#countsOf(map, parity));
  }

  #countsOf(map: string, parity: Parity): SplitCount[] {
    const data = this.#lines.get(map);
    if (data === undefined || data === null || typeof data !== "object" || Array.isArray(data)) return [];
    const level = this.#options.byLevel ? (map.startsWith("@g") ? "1g" : "2m") : null;
    // bpftrace may name a frame otherwise once its module is gone: what is the same in the kernel's own functions is one.
    const sums = new Map<string, { key: Key; count: number }>();
    for (const [raw, value] of Object.entries(data)) {
      const key = this.#key(raw);
      if (key === null) continue;
      const sum = sums.get(key.name);
      if (sum === undefined) sums.set(key.name, { key, count: Number(value) });
      else sum.count += Number(value);
    }
    return [...sums.values()]
      .filter(({ count }) => count > 0)
      .map(({ key, count }) => ({
        pid: key.pid,
        rawStart: key.rawStart,
        comm: key.comm,
        stack: key.stack,
        cause: causeOf(key.stack),
        level,
        count,
        generation: this.#generation[parity],
      }));
  }

  /** null: no split, or the entry that keeps a map from being empty. */
  #key(raw: string): Key | null {
    const known = this.#keys.get(raw);
    if (known !== undefined) return known;
    if (this.#keys.size > 16 * fullAt) this.#keys.clear();
    const key = parseKey(raw, this.#options.byLevel);
    this.#keys.set(raw, key);
    return key;
  }
}

/** pid, start, name as two numbers, then the stack, which is the only part that can hold commas or newlines. */
function parseKey(raw: string, certain: boolean): Key | null {
  const found = /^(\d+), ?(\d+), ?(\d+), ?(\d+), ?([\s\S]*)$/.exec(raw);
  if (found === null) return null;
  const [, pid = "", start = "", low = "0", high = "0", printed = ""] = found;
  if (pid === "0" && start === "0") return null;
  const stack = framesOf(printed);
  if (!certain && !isSplit(stack)) return null;
  return {
    name: `${pid},${start},${stack.map(symbolOf).join(",")}`,
    pid: Number(pid),
    rawStart: Number(start),
    comm: nameFrom(BigInt(low), BigInt(high)),
    stack,
  };
}

/** task->comm as it lies in memory, little-endian, up to its NUL. */
function nameFrom(low: bigint, high: bigint): string {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, low), 0);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, high), 8);
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end === -1 ? 16 : end);
}

const sizeOf = (data: Value | undefined) =>
  data !== null && typeof data === "object" && !Array.isArray(data) ? Object.keys(data).length : 0;
