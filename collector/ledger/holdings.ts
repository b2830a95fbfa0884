/** Who has which secret file open or mapped, as the last complete look at /proc found it. */
import type { HoldingSample, ProcessId, ScanEvent } from "../events.ts";
import type { Inode } from "../units.ts";
import { type ProcessKey, processKey } from "./processes.ts";

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
