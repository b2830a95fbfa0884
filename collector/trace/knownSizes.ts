/**
 * Measures of files that say only what the counters say already. Hundreds come with each look, and a ledger is the same
 * with and without one that agrees: it is not written. One that differs, or of a file that something else was told of
 * since the last reading, is: what the ledger will make of it is not known yet.
 */
import type { Event, FileSizeSample } from "../events.ts";
import type { Files } from "../ledger/files.ts";
import type { Inode } from "../units.ts";

export class KnownSizes {
  readonly #files: Files;
  /** Of these something was told since the last reading. */
  readonly #open = new Set<Inode>();
  #areAllOpen = false;

  /** @param files of a ledger as it was after the last reading */
  constructor(files: Files) {
    this.#files = files;
  }

  /** @returns whether it can be left out */
  take(event: Event): boolean {
    if (event.kind === "fileSize" && this.#isKnown(event)) return true;
    if (event.kind === "tick") {
      this.#open.clear();
      this.#areAllOpen = false;
    } else if (event.kind === "probes") this.#areAllOpen = true;
    else if ("inode" in event && event.kind !== "holding") this.#open.add(event.inode);
    return false;
  }

  #isKnown({ inode, pages }: FileSizeSample): boolean {
    if (this.#areAllOpen || this.#open.has(inode)) return false;
    const file = this.#files.get(inode);
    // Nothing and less than nothing look the same from outside. A difference is shown until something is compared again.
    return file?.verified === true && pages > 0 && file.resident === pages && this.#files.differencePages === 0;
  }
}
