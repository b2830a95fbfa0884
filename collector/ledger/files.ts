/**
 * Secret files and their pages. resident = baseline + allocated - freed, all counted in the kernel. A file made under
 * the probes' eyes has baseline 0; one that was there before, or through a gap, has none until it was measured in a
 * moment when its counters stood still.
 */
import type { AllocatedSample, CreatedEvent, FileSizeSample, FreedSample, ProcessId } from "../events.ts";
import type { Inode, MonotonicNs } from "../units.ts";
import { EpochCounter } from "./counters.ts";
import { type ProcessKey, processKey } from "./processes.ts";

export class SecretFile {
  creator: ProcessId | null = null;
  /** When it was first heard of; a look at /proc that began before says nothing about it. */
  readonly since: MonotonicNs;
  readonly inode: Inode;
  readonly allocated = new Map<ProcessKey, EpochCounter>();
  /** By OOM kill; 0: freed by anyone else. */
  readonly freed = new Map<number, EpochCounter>();
  /** Pages at the beginning of the epoch; null: not known yet. */
  baseline: number | null;
  /** The last figure before a gap, shown as unverified until measured again. */
  beforeGap: number | null = null;
  /** Without counters: what was measured last. */
  measured: number | null = null;
  #pending: { readonly pages: number; readonly moved: number } | undefined;
  #epoch: number;

  constructor(inode: Inode, since: MonotonicNs, baseline: number | null, epoch: number) {
    this.inode = inode;
    this.since = since;
    this.baseline = baseline;
    this.#epoch = epoch;
  }

  /** Pages that exist now, or null when nobody can tell. */
  get resident(): number | null {
    if (this.#epoch === 0) return this.measured;
    if (this.baseline !== null) return this.baseline + this.moved;
    return this.beforeGap === null ? null : Math.max(0, this.beforeGap + this.moved);
  }

  /** False while the figure rests on what was known before a gap, or there is none. */
  get verified(): boolean {
    return this.#epoch === 0 ? this.measured !== null : this.baseline !== null;
  }

  /** Allocated less freed in this epoch. */
  get moved(): number {
    let sum = 0;
    for (const counter of this.allocated.values()) sum += counter.within(this.#epoch);
    for (const counter of this.freed.values()) sum -= counter.within(this.#epoch);
    return sum;
  }

  freedBy(kill: number): number {
    return this.freed.get(kill)?.within(this.#epoch) ?? 0;
  }

  /** The probes begin anew: what the file has must be measured again. */
  enter(epoch: number): void {
    const last = this.resident;
    this.#epoch = epoch;
    this.baseline = null;
    this.beforeGap = last;
    this.#pending = undefined;
  }

  measure(pages: number): void {
    this.measured = pages;
    this.#pending = { pages, moved: this.moved };
  }

  /**
   * After a reading of the counters: if none of this file moved while it was measured, the measure holds.
   * @returns by how many pages the counters were off, or null when there was nothing to compare.
   */
  settle(): number | null {
    const pending = this.#pending;
    if (pending === undefined || this.#epoch === 0) return null;
    this.#pending = undefined;
    if (pending.moved !== this.moved) return null;
    const baseline = pending.pages - pending.moved;
    const difference = this.baseline === null ? 0 : baseline - this.baseline;
    this.baseline = baseline;
    this.beforeGap = null;
    return difference;
  }
}

/** More files than this are not kept apart; the figure says so in the evidence. */
const mostFiles = 65_536;

export class Files {
  readonly #files = new Map<Inode, SecretFile>();
  #epoch = 0;
  /** Pages that the counters and the measurements differed by, at the last reconciliation; null before the first. */
  differencePages: number | null = null;
  /** Files that were not kept because there were too many. */
  refused = 0;

  get all(): Iterable<SecretFile> {
    return this.#files.values();
  }

  get(inode: Inode): SecretFile | undefined {
    return this.#files.get(inode);
  }

  enter(epoch: number): void {
    this.#epoch = epoch;
    for (const file of this.#files.values()) file.enter(epoch);
  }

  /** An inode number may come again: a creation ends whatever file had it before. */
  create(event: CreatedEvent): void {
    this.#files.delete(event.inode);
    const file = this.#open(event.inode, event.at, 0);
    if (file !== undefined) file.creator = { pid: event.pid, started: event.started };
  }

  allocate(sample: AllocatedSample): void {
    const file = this.#open(sample.inode, sample.at, null);
    if (file !== undefined) counterOf(file.allocated, processKey(sample)).sample(sample.epoch, sample.pages);
  }

  free(sample: FreedSample): void {
    const file = this.#open(sample.inode, sample.at, null);
    if (file !== undefined) counterOf(file.freed, sample.kill).sample(sample.epoch, sample.pages);
  }

  measure(sample: FileSizeSample): void {
    this.#open(sample.inode, sample.at, null)?.measure(sample.pages);
  }

  see(inode: Inode, at: MonotonicNs): void {
    this.#open(inode, at, null);
  }

  /** Called when all counters of one reading are in. */
  settle(): void {
    let compared = false;
    let difference = 0;
    for (const file of this.#files.values()) {
      const off = file.settle();
      if (off === null) continue;
      compared = true;
      difference += Math.abs(off);
    }
    if (compared) this.differencePages = difference;
  }

  drop(inode: Inode): void {
    this.#files.delete(inode);
  }

  /** Sum of what exists; null as soon as one file is unknown. */
  get residentPages(): number | null {
    let sum = 0;
    for (const file of this.#files.values()) {
      const pages = file.resident;
      if (pages === null) return null;
      sum += pages;
    }
    return sum;
  }

  #open(inode: Inode, at: MonotonicNs, baseline: number | null): SecretFile | undefined {
    const known = this.#files.get(inode);
    if (known !== undefined) return known;
    if (this.#files.size >= mostFiles) {
      this.refused++;
      return undefined;
    }
    const file = new SecretFile(inode, at, baseline, this.#epoch);
    this.#files.set(inode, file);
    return file;
  }
}

function counterOf<Key>(counters: Map<Key, EpochCounter>, key: Key): EpochCounter {
  const known = counters.get(key);
  if (known !== undefined) return known;
  const made = new EpochCounter();
  counters.set(key, made);
  return made;
}
