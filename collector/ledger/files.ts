/**
 * Secret files and their pages. resident = baseline + allocated - freed, all counted in the kernel. A file made under
 * the probes' eyes has baseline 0; one that was there before, or through a gap, has none until it was measured in a
 * moment when its counters stood still.
 */
import type { AllocatedSample, CreatedEvent, FileSizeSample, FreedSample, ProcessId } from "../events.ts";
import type { Inode, MonotonicNs } from "../units.ts";
import { EpochCounter } from "./counters.ts";
import { type ProcessKey, processKey } from "./processes.ts";

/** With more allocators than this in one file, those that ended are no longer told apart. */
const mostAllocators = 512;

export class SecretFile {
  readonly inode: Inode;
  /** When it was first heard of; a look at /proc that began before says nothing about it. */
  readonly since: MonotonicNs;
  /** When it was last found to be held, or first heard of: a look that began before does not say who holds it since. */
  lastHeld: MonotonicNs;
  readonly creator: ProcessId | null;
  /** Pages at the beginning of the epoch; null: not known yet. */
  #baseline: number | null;
  readonly #allocated: Map<ProcessKey, EpochCounter>;
  /** By OOM kill; 0: freed by anyone else. */
  readonly #freed: Map<number, EpochCounter>;
  /** Allocated by processes that ended, when there were too many to keep apart. */
  readonly #byEnded: EpochCounter;
  /** What each process had allocated under this inode number before the file was made. */
  readonly #earlier: ReadonlyMap<ProcessKey, number>;
  /** The last figure before a gap, shown as unverified until measured again. */
  #beforeGap: number | null = null;
  /** Without counters: what was measured last. */
  #measured: number | null = null;
  /** Grows with every page that comes or goes. */
  #activity = 0;
  #pending: { readonly pages: number; readonly moved: number; readonly activity: number } | undefined;
  #epoch: number;

  /**
   * @param past the file that had this inode number before, if its counters may still go on: the kernel counts by number,
   *   and that file has no page left, so what its counters come to in the end is what the new one has.
   */
  constructor(event: { inode: Inode; at: MonotonicNs; creator: ProcessId | null }, epoch: number, past?: SecretFile) {
    this.inode = event.inode;
    this.since = event.at;
    this.lastHeld = event.at;
    this.creator = event.creator;
    this.#epoch = epoch;
    const goesOn = past !== undefined && past.#epoch === epoch;
    this.#baseline = goesOn ? past.#baseline : event.creator === null ? null : 0;
    this.#allocated = goesOn ? past.#allocated : new Map();
    this.#freed = goesOn ? past.#freed : new Map();
    this.#byEnded = goesOn ? past.#byEnded : new EpochCounter();
    this.#earlier = new Map(goesOn ? Array.from(past.#allocated, ([key, { total }]) => [key, total]) : []);
  }

  /** Pages that exist now, or null when nobody can tell. */
  get resident(): number | null {
    if (this.#epoch === 0) return this.#measured;
    const start = this.#baseline ?? this.#beforeGap;
    // Within a reading the freed pages are told first, for a moment more than there were.
    return start === null ? null : Math.max(0, start + this.moved);
  }

  /** False while the figure rests on what was known before a gap, or there is none. */
  get verified(): boolean {
    return this.#epoch === 0 ? this.#measured !== null : this.#baseline !== null;
  }

  /** Allocated less freed in this epoch. */
  get moved(): number {
    let sum = this.#byEnded.within(this.#epoch);
    for (const counter of this.#allocated.values()) sum += counter.within(this.#epoch);
    for (const counter of this.#freed.values()) sum -= counter.within(this.#epoch);
    return sum;
  }

  /** Who allocated how many pages of it. */
  get allocators(): Iterable<readonly [ProcessKey, number]> {
    return Array.from(this.#allocated, ([key, { total }]) => [key, total - (this.#earlier.get(key) ?? 0)] as const);
  }

  /** Pages that are no longer told apart by who allocated them. */
  get allocatedByEnded(): number {
    return this.#byEnded.total;
  }

  allocate(process: ProcessKey, epoch: number, total: number): void {
    this.#activity += counterOf(this.#allocated, process).sample(epoch, total);
  }

  free(kill: number, epoch: number, total: number): void {
    this.#activity += counterOf(this.#freed, kill).sample(epoch, total);
  }

  /** Processes that ended long ago get no more samples: their pages stay counted, under no name. */
  fold(hasEnded: (process: ProcessKey) => boolean): void {
    let tooMany = this.#allocated.size - mostAllocators;
    if (tooMany <= 0) return;
    for (const [process, counter] of this.#allocated) {
      if (tooMany <= 0) return;
      if (!hasEnded(process)) continue;
      this.#byEnded.absorb(counter);
      this.#allocated.delete(process);
      tooMany--;
    }
  }

  /** The probes begin anew: what the file has must be measured again. */
  enter(epoch: number): void {
    const last = this.resident;
    this.#epoch = epoch;
    this.#baseline = null;
    this.#beforeGap = last;
    this.#pending = undefined;
  }

  measure(pages: number): void {
    this.#measured = pages;
    this.#pending = { pages, moved: this.moved, activity: this.#activity };
  }

  /**
   * After a reading of the counters: if none of this file moved while it was measured, the measure holds.
   * @returns by how many pages the counters were off, or null when there was nothing to compare.
   */
  settle(): number | null {
    const pending = this.#pending;
    if (pending === undefined || this.#epoch === 0) return null;
    this.#pending = undefined;
    if (pending.activity !== this.#activity) return null;
    const baseline = pending.pages - pending.moved;
    const difference = this.#baseline === null ? 0 : baseline - this.#baseline;
    this.#baseline = baseline;
    this.#beforeGap = null;
    return difference;
  }
}

/** More files than this are not kept apart; the figure says so in the evidence. */
const mostFiles = 65_536;
/** Files that went are remembered in this number, in case a line about them comes late. */
const mostPast = 1024;

export class Files {
  readonly #files = new Map<Inode, SecretFile>();
  /** Gone, but the kernel's counters of their inode numbers may still be told. */
  readonly #past = new Map<Inode, SecretFile>();
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
    this.drop(event.inode);
    this.#open(event.inode, event.at, { pid: event.pid, started: event.started });
  }

  allocate(sample: AllocatedSample): void {
    this.#open(sample.inode, sample.at)?.allocate(processKey(sample), sample.epoch, sample.pages);
  }

  free(sample: FreedSample): void {
    this.#open(sample.inode, sample.at)?.free(sample.kill, sample.epoch, sample.pages);
  }

  measure(sample: FileSizeSample): void {
    this.#open(sample.inode, sample.at)?.measure(sample.pages);
  }

  /** Somebody holds it. */
  see(inode: Inode, at: MonotonicNs): void {
    const file = this.#open(inode, at);
    if (file !== undefined && file.lastHeld < at) file.lastHeld = at;
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
    const file = this.#files.get(inode);
    if (file === undefined) return;
    this.#files.delete(inode);
    this.#past.delete(inode);
    this.#past.set(inode, file);
    if (this.#past.size <= mostPast) return;
    const oldest = this.#past.keys().next().value;
    if (oldest !== undefined) this.#past.delete(oldest);
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

  #open(inode: Inode, at: MonotonicNs, creator: ProcessId | null = null): SecretFile | undefined {
    const known = this.#files.get(inode);
    if (known !== undefined) return known;
    if (this.#files.size >= mostFiles) {
      this.refused++;
      return undefined;
    }
    const file = new SecretFile({ inode, at, creator }, this.#epoch, this.#past.get(inode));
    this.#past.delete(inode);
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
