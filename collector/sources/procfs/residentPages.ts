/**
 * Pages of one file that at least one of its holders has touched and mapped, from /proc/PID/pagemap
 * (Documentation/admin-guide/mm/pagemap.rst). A page is told from another by its place in the file, not by its frame:
 * that needs no CAP_SYS_ADMIN, and no frame number is ever looked at.
 */
import { closeSync, openSync, readSync } from "node:fs";
import type { Holding } from "./holdings.ts";
import { defaultProcRoot } from "./procFile.ts";

const entryBytes = 8;
/** Bit 63, present: in the last byte of an entry on the little-endian machines that have secret memory. */
const presentByte = 7;
const presentBit = 0x80;
/** 16 GiB of mappings in 4 KiB pages, 32 MiB to read; a sparse mapping can be far larger. */
const defaultLimit = 4 * 1024 * 1024;
const chunkEntries = 32 * 1024;

/** null: more than `limitPages` would have to be looked at, or a holder could not be read. Lower bound by its nature. */
export function residentPages(
  holdings: readonly Holding[],
  pageBytes: number,
  procRoot: string = defaultProcRoot,
  limitPages: number = defaultLimit,
): number | null {
  const mapped = holdings.reduce((sum, holding) => sum + holding.mappedBytes, 0) / pageBytes;
  if (mapped > limitPages) return null;
  const pages = new PageSet();
  try {
    for (const holding of holdings) addPages(pages, holding, pageBytes, procRoot);
  } catch {
    return null;
  }
  return pages.size;
}

function addPages(pages: PageSet, holding: Holding, pageBytes: number, procRoot: string): void {
  const { process, tid } = holding;
  if (holding.mappings.length === 0) return;
  const descriptor = openSync(`${procRoot}/${process.pid}/task/${tid}/pagemap`, "r");
  try {
    const buffer = Buffer.allocUnsafe(chunkEntries * entryBytes);
    for (const mapping of holding.mappings) {
      const firstPage = mapping.start / pageBytes;
      const firstIndex = mapping.offsetBytes / pageBytes;
      const count = mapping.lengthBytes / pageBytes;
      for (let done = 0; done < count; ) {
        const wanted = Math.min(chunkEntries, count - done) * entryBytes;
        const got = readSync(descriptor, buffer, 0, wanted, (firstPage + done) * entryBytes);
        // The process ended or the address space shrank: what is left cannot be present.
        if (got < entryBytes) break;
        for (let at = 0; at + entryBytes <= got; at += entryBytes) {
          if (((buffer[at + presentByte] ?? 0) & presentBit) !== 0) pages.add(firstIndex + done + at / entryBytes);
        }
        done += Math.floor(got / entryBytes);
      }
    }
  } finally {
    closeSync(descriptor);
  }
}

/** A set of page numbers: a bit each, in blocks, since files are dense here and there and may be sparse overall. */
class PageSet {
  static readonly #blockPages = 32 * 1024;
  readonly #blocks = new Map<number, Uint8Array>();
  size = 0;

  add(page: number): void {
    const number = Math.floor(page / PageSet.#blockPages);
    let block = this.#blocks.get(number);
    if (block === undefined) {
      block = new Uint8Array(PageSet.#blockPages / 8);
      this.#blocks.set(number, block);
    }
    const bit = page - number * PageSet.#blockPages;
    const before = block[bit >> 3] ?? 0;
    const after = before | (1 << (bit & 7));
    if (after === before) return;
    block[bit >> 3] = after;
    this.size++;
  }
}
