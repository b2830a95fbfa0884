/** Who has which secret file open or mapped, as the last complete look at /proc found it. */
import type { HoldingSample, ProcessId, ScanEvent } from "../events.ts";
import type { Inode, MonotonicNs } from "../units.ts";
import { type ProcessKey, processKey } from "./processes.ts";

/**
 * A look at all that found who holds what as the look before had, but for these: a scan and a sample of each holding, in
 * one. A recording holds looks in this form; live, where each holding was looked at, there is none.
 */
export interface LookChange {
  readonly kind: "lookChange";
  readonly at: MonotonicNs;
  readonly scan: ScanEvent;
  readonly released: readonly (ProcessId & { readonly inode: Inode })[];
  /** New, or other than the last look found them. */
  readonly changed: readonly HoldingSample[];
}

export class Holdings {
  /** By process, then by file. */
  #current = new Map<ProcessKey, Map<Inode, HoldingSample>>();
  #next = new Map<ProcessKey, Map<Inode, HoldingSample>>();
  #byFile = new Map<Inode, Set<ProcessKey>>();
  #scan: ScanEvent | undefined;

  add(sample: HoldingSample): void {
    const key = processKey(sample);
    const files = this.#next.get(key) ?? new Map<Inode, HoldingSample>();
    files.set(sample.inode, sample);
    this.#next.set(key, files);
  }

  /** The look is complete: whoever was not seen holds nothing. */
  complete(scan: ScanEvent): void {
    this.#current = this.#next;
    this.#next = new Map();
    this.#scan = scan;
    this.#index();
  }

  /** As if each holding had been added again before the look was complete. */
  change({ scan, released, changed }: LookChange): void {
    this.#next = new Map();
    this.#scan = scan;
    let sameHolders = released.length === 0;
    for (const each of released) {
      const key = processKey(each);
      const files = this.#current.get(key);
      files?.delete(each.inode);
      if (files?.size === 0) this.#current.delete(key);
    }
    for (const sample of changed) {
      const key = processKey(sample);
      const files = this.#current.get(key) ?? new Map<Inode, HoldingSample>();
      sameHolders &&= files.has(sample.inode);
      files.set(sample.inode, sample);
      this.#current.set(key, files);
    }
    if (!sameHolders) this.#index();
  }

  /** A process that ended holds nothing, at once and not only at the next look. */
  end(id: ProcessId): void {
    const key = processKey(id);
    this.#next.delete(key);
    if (this.#current.delete(key)) this.#index();
  }

  get scan(): ScanEvent | undefined {
    return this.#scan;
  }

  get byProcess(): ReadonlyMap<ProcessKey, ReadonlyMap<Inode, HoldingSample>> {
    return this.#current;
  }

  holdersOf(file: Inode): ReadonlySet<ProcessKey> {
    return this.#byFile.get(file) ?? none;
  }

  get files(): Iterable<Inode> {
    return this.#byFile.keys();
  }

  #index(): void {
    this.#byFile = new Map();
    for (const [key, files] of this.#current) {
      for (const file of files.keys()) {
        const holders = this.#byFile.get(file) ?? new Set();
        holders.add(key);
        this.#byFile.set(file, holders);
      }
    }
  }
}

const none: ReadonlySet<ProcessKey> = new Set();
