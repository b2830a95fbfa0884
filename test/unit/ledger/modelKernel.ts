/**
 * A kernel in miniature: it knows the truth (who exists, what holds what, how many pages each file has) and counts as
 * the probes do, in cumulative counters. Shares nothing with the ledger but the vocabulary of events.
 */
import type { SplitCause, SplitLevel } from "../../../collector/events.ts";

export interface ModelProcess {
  readonly pid: number;
  readonly started: number;
  comm: string;
  named: boolean;
}

export interface ModelFile {
  readonly inode: number;
  pages: number;
  readonly holders: Set<ModelProcess>;
  /** In a socket's queue, with or without holders. */
  inFlight: boolean;
  /** Who made how many of its pages, over all lives of the probes, as far as probes ran. */
  readonly made: Map<ModelProcess, number>;
}

/** What happened once; the observer turns these into events. */
export type Occurrence =
  | { readonly what: "met" | "renamed" | "ended"; readonly process: ModelProcess }
  | { readonly what: "made"; readonly process: ModelProcess; readonly file: ModelFile }
  | { readonly what: "killed"; readonly process: ModelProcess; readonly trigger: ModelProcess; readonly kill: number };

/** Counters of one life of the probes: key to total. */
export class Counters {
  readonly totals = new Map<string, number>();

  add(key: readonly (string | number)[], count: number): void {
    const name = JSON.stringify(key);
    this.totals.set(name, (this.totals.get(name) ?? 0) + count);
  }
}

export class ModelKernel {
  readonly processes: ModelProcess[] = [];
  readonly files: ModelFile[] = [];
  readonly vmstat: Record<SplitLevel, number> = { "2m": 1000, "1g": 10 };
  /** Splits since the probes began that no stack explains, and those that one does. */
  readonly explained = new Counters();
  allocated = new Counters();
  freed = new Counters();
  refused = new Counters();
  /** Splits of the generation in use. */
  splits = new Counters();
  /** Whether probes are attached, and count. */
  watched = true;
  occurrences: Occurrence[] = [];
  /** Inode numbers that may come again, if they may at all. */
  readonly freeInodes: number[] = [];
  readonly #reusesInodes: boolean;
  #ticks = 1;
  #inode = 500;
  #kills = 0;

  constructor({ reusesInodes = false } = {}) {
    this.#reusesInodes = reusesInodes;
  }

  /** Pids are reused at once: the lowest free one. */
  spawn(): void {
    let pid = 100;
    while (this.processes.some((process) => process.pid === pid)) pid++;
    this.processes.push({ pid, started: this.#ticks++, comm: `p${pid}`, named: false });
  }

  rename(process: ModelProcess, comm: string): void {
    process.comm = comm;
    if (process.named) this.#tell({ what: "renamed", process });
  }

  create(process: ModelProcess): void {
    this.#meet(process);
    const inode = this.freeInodes.shift() ?? this.#inode++;
    const file = { inode, pages: 0, holders: new Set([process]), inFlight: false, made: new Map() };
    this.files.push(file);
    this.#tell({ what: "made", process, file });
  }

  touch(process: ModelProcess, file: ModelFile, pages: number): void {
    if (!file.holders.has(process)) return;
    this.#meet(process);
    file.pages += pages;
    if (!this.watched) return;
    file.made.set(process, (file.made.get(process) ?? 0) + pages);
    this.allocated.add([file.inode, process.pid, process.started], pages);
  }

  open(process: ModelProcess, file: ModelFile): void {
    file.holders.add(process);
    file.inFlight = false;
  }

  close(process: ModelProcess, file: ModelFile, kill = 0): void {
    if (file.holders.delete(process)) this.#evict(file, kill);
  }

  send(file: ModelFile): void {
    file.inFlight = true;
  }

  refuse(process: ModelProcess, what: string, code: string): void {
    this.#meet(process);
    if (this.watched) this.refused.add([process.pid, process.started, what, code], 1);
  }

  /** @param level null in the key: the route cannot tell. */
  split(process: ModelProcess, cause: SplitCause, level: SplitLevel, count: number, tellsLevel: boolean): void {
    this.#meet(process);
    this.vmstat[level] += count;
    if (!this.watched) return;
    const key = [process.pid, process.started, cause, tellsLevel ? level : ""];
    this.splits.add(key, count);
    this.explained.add([process.pid, process.started, cause], count);
  }

  /** A split that no probe saw. */
  splitUnseen(level: SplitLevel, count: number): void {
    this.vmstat[level] += count;
  }

  exit(process: ModelProcess, kill = 0): void {
    for (const file of [...this.files]) this.close(process, file, kill);
    this.processes.splice(this.processes.indexOf(process), 1);
    if (process.named) this.#tell({ what: "ended", process });
  }

  /** The OOM killer: marks, then the victim ends and frees what it held last. */
  kill(process: ModelProcess, trigger: ModelProcess): void {
    this.#meet(trigger);
    const kill = ++this.#kills;
    this.#tell({ what: "killed", process, trigger, kill });
    this.exit(process, kill);
  }

  /** The probes are attached anew: counters and numbers begin at zero, nobody is known by name. */
  reattach(): void {
    this.watched = true;
    this.allocated = new Counters();
    this.freed = new Counters();
    this.refused = new Counters();
    this.splits = new Counters();
    this.#kills = 0;
    for (const process of this.processes) process.named = false;
  }

  /** The collector has taken these keys out; a number whose keys are gone may be given again. */
  forget(inode: number): void {
    for (const { totals } of [this.allocated, this.freed]) {
      for (const name of [...totals.keys()]) if (JSON.parse(name)[0] === inode) totals.delete(name);
    }
    if (this.#reusesInodes) this.freeInodes.push(inode);
  }

  get residentPages(): number {
    return this.files.reduce((sum, { pages }) => sum + pages, 0);
  }

  #evict(file: ModelFile, kill: number): void {
    if (file.holders.size > 0 || file.inFlight) return;
    this.files.splice(this.files.indexOf(file), 1);
    if (this.watched && file.pages > 0) this.freed.add([file.inode, kill], file.pages);
  }

  #meet(process: ModelProcess): void {
    if (process.named) return;
    if (this.watched) process.named = true;
    this.#tell({ what: "met", process });
  }

  #tell(occurrence: Occurrence): void {
    if (this.watched) this.occurrences.push(occurrence);
  }
}
