/**
 * What the kernel turned down, by process and reason, and in all. By the tracepoint route a refused fault is any SIGBUS
 * of a process (probes/catalog/faults): those count once the process is known to have to do with secret memory.
 */
import type { RefusedSample } from "../events.ts";
import type { MonotonicNs } from "../units.ts";
import { EpochCounter } from "./counters.ts";
import { type ProcessKey, processKey } from "./processes.ts";

export interface RefusalTotal {
  readonly what: RefusedSample["what"];
  readonly code: string;
  readonly count: number;
}

/** Of one process. */
export interface Refusal extends RefusalTotal {
  /** When the count last grew. */
  readonly last: MonotonicNs;
}

interface Kept {
  readonly what: RefusedSample["what"];
  readonly code: string;
  readonly counter: EpochCounter;
  last: MonotonicNs;
  /** Of its last sample. */
  epoch: number;
}

type Reasons = Map<string, Kept>;

export interface RefusalCircumstances {
  /** It was secret memory that was refused; false: a fault that may have been on any memory. */
  readonly isCertain: boolean;
  /** The process ended and has told its last count. */
  readonly hasEnded: (process: ProcessKey) => boolean;
}

/** More processes than this are not kept apart, as far as their counters can grow no more. */
export const mostProcesses = 4096;
/** Processes whose counters may still grow: as many as the kernel's map has keys (probes/plan.ts, mapKeys). */
const mostLiving = 16_384;
/** Processes whose faults may have been on any memory. */
const mostUncertain = 1024;
/** Processes that are known to have to do with secret memory. */
const mostConcerned = 16_384;
/** Reasons of one process, and in all. There are fewer error numbers (include/uapi/asm-generic/errno.h). */
const mostReasons = 256;

/** Under it stand those that are no longer told apart. */
const several: ProcessKey = "0:0";

export class Refusals {
  readonly #byProcess = new Map<ProcessKey, Reasons>();
  readonly #uncertain = new Map<ProcessKey, Reasons>();
  /** By reason: processes that are no longer kept apart. */
  readonly #forgotten: Reasons = new Map();
  /** Have made, held, touched or asked for secret memory; oldest first. */
  readonly #concerned = new Set<ProcessKey>();
  #forgetAt = mostProcesses;
  #count = 0;

  /** All that were counted since start; it never shrinks. */
  get count(): number {
    return this.#count;
  }

  /** A count of 0 says only that the process has to do with secret memory. */
  sample(event: RefusedSample, { isCertain, hasEnded }: RefusalCircumstances): void {
    const process = processKey(event);
    if (process === several) {
      this.#count += count(this.#forgotten, event);
      return;
    }
    if (isCertain) this.concern(process);
    if (event.count === 0) return;
    const isKnown = this.#byProcess.has(process) || this.#concerned.has(process);
    const kept = isKnown ? this.#byProcess : this.#uncertain;
    const reasons = kept.get(process) ?? new Map<string, Kept>();
    if (reasons.size === 0) {
      if (kept === this.#byProcess) this.#makeRoom(event.epoch, hasEnded);
      else dropOldest(kept, mostUncertain - 1);
      kept.set(process, reasons);
    }
    const grown = count(reasons, event);
    if (isKnown) this.#count += grown;
  }

  /** The process has to do with secret memory, and what was refused to it before was that. */
  concern(process: ProcessKey): void {
    if (process === several) return;
    // Said of every holding of every look: no more than a question, as a rule.
    if (this.#concerned.has(process)) return;
    if (this.#concerned.size >= mostConcerned) dropOldest(this.#concerned, mostConcerned - 1);
    this.#concerned.add(process);
    const reasons = this.#uncertain.get(process);
    if (reasons === undefined) return;
    this.#uncertain.delete(process);
    this.#byProcess.set(process, reasons);
    for (const { counter } of reasons.values()) this.#count += counter.total;
  }

  /** Largest first. Never less than it was: processes that are no longer kept apart are counted. */
  get totals(): RefusalTotal[] {
    const totals = new Map<string, { what: RefusedSample["what"]; code: string; count: number }>();
    for (const reasons of [this.#forgotten, ...this.#byProcess.values()]) {
      for (const { what, code, counter } of reasons.values()) {
        const name = nameOf(totals, what, code);
        const total = totals.get(name) ?? { what, code: name.slice(what.length + 1), count: 0 };
        total.count += counter.total;
        totals.set(name, total);
      }
    }
    return [...totals.values()].sort((a, b) => b.count - a.count || compare(a, b));
  }

  /** Largest first. */
  of(process: ProcessKey): Refusal[] {
    return refusalsOf(this.#byProcess.get(process));
  }

  get processes(): Iterable<ProcessKey> {
    return this.#byProcess.keys();
  }

  /** Faults that may have been on any memory, not counted. */
  get uncertain(): { readonly process: ProcessKey; readonly refusals: readonly Refusal[] }[] {
    return Array.from(this.#uncertain, ([process, reasons]) => ({ process, refusals: refusalsOf(reasons) }));
  }

  /** Of processes that are no longer kept apart. */
  get forgotten(): readonly Refusal[] {
    return refusalsOf(this.#forgotten);
  }

  get concerned(): Iterable<ProcessKey> {
    return this.#concerned;
  }

  /**
   * A sample is the whole count of its epoch: who is forgotten and comes back in it would be counted twice. So only
   * those go whose counters ended, with their process or with the epoch.
   */
  #makeRoom(epoch: number, hasEnded: (process: ProcessKey) => boolean): void {
    if (this.#byProcess.size < this.#forgetAt) return;
    let tooMany = this.#byProcess.size - mostProcesses + 512;
    for (const [process, reasons] of this.#byProcess) {
      if (tooMany <= 0) break;
      const isOver = [...reasons.values()].every((each) => each.epoch < epoch) || hasEnded(process);
      if (!isOver && this.#byProcess.size < mostLiving) continue;
      for (const each of reasons.values()) absorb(this.#forgotten, each);
      this.#byProcess.delete(process);
      tooMany--;
    }
    this.#forgetAt = Math.max(mostProcesses, this.#byProcess.size + 512);
  }
}

/** @returns by how much it grew */
function count(reasons: Reasons, { what, code: told, epoch, count: value, at }: RefusedSample): number {
  const name = nameOf(reasons, what, told);
  const kept = reasons.get(name) ?? {
    what,
    code: name.slice(what.length + 1),
    counter: new EpochCounter(),
    last: at,
    epoch,
  };
  reasons.set(name, kept);
  kept.epoch = Math.max(kept.epoch, epoch);
  const grown = kept.counter.sample(epoch, value);
  if (grown > 0) kept.last = at;
  return grown;
}

function absorb(reasons: Reasons, one: Kept): void {
  const name = nameOf(reasons, one.what, one.code);
  const known = reasons.get(name);
  if (known === undefined) reasons.set(name, { ...one, code: name.slice(one.what.length + 1) });
  else {
    known.counter.absorb(one.counter);
    if (one.last > known.last) known.last = one.last;
  }
}

/** Past the bound all others share a name. */
function nameOf(known: ReadonlyMap<string, unknown>, what: RefusedSample["what"], code: string): string {
  const name = `${what} ${code}`;
  return known.has(name) || known.size < mostReasons ? name : `${what} other`;
}

const compare = (a: RefusalTotal, b: RefusalTotal) =>
  a.what < b.what ? -1 : a.what > b.what ? 1 : a.code < b.code ? -1 : a.code > b.code ? 1 : 0;

const refusalsOf = (reasons: Reasons | undefined): Refusal[] =>
  [...(reasons?.values() ?? [])]
    .map(({ what, code, counter, last }) => ({ what, code, count: counter.total, last }))
    .sort((a, b) => b.count - a.count || compare(a, b));

function dropOldest(from: Map<ProcessKey, unknown> | Set<ProcessKey>, most: number): void {
  for (const key of from.keys()) {
    if (from.size <= most) return;
    from.delete(key);
  }
}
