/** How the pages of a recording with --detail page spread over the direct map. Bounded, whatever a trace holds. */
import type { AllocatedSample, Event, FreedSample, PageBurst } from "../../events.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { processKey } from "../../ledger/processes.ts";
import { mostListed, type PageReport } from "./report.ts";

/** 2 TiB of memory; pages of further blocks are counted, and not kept apart. */
const mostBlocks = 1 << 20;
/** Processes, and files, remembered while looking for the largest. */
const mostKept = 8192;
/** Counters whose last value is remembered. */
const mostCounters = 65_536;

interface Taker {
  readonly pid: number;
  comm: string;
  pages: number;
}

interface TakenFile {
  readonly inode: number;
  pages: number;
}

export class PageSpread {
  #taken = 0;
  #freed = 0;
  #isFull = false;
  /** What the counters say; null: that is not known from the beginning on. */
  #counted: Record<"allocated" | "freed", number> | null = { allocated: 0, freed: 0 };
  readonly #counters = new Map<string, number>();
  /** Pages taken of each block. */
  readonly #blocks = new Map<number, number>();
  #processes = new Map<string, Taker>();
  #files = new Map<number, TakenFile>();

  /** The file continues another: nobody knows how much of a counter is its own. */
  continued(): void {
    this.#counted = null;
  }

  /** Counters that are news. */
  told(event: Event): void {
    if (this.#counted === null || (event.kind !== "allocated" && event.kind !== "freed")) return;
    const key = counterOf(event);
    const before = this.#counters.get(key) ?? 0;
    this.#counted[event.kind] += Math.max(0, event.pages - before);
    this.#counters.set(key, Math.max(before, event.pages));
    if (this.#counters.size > mostCounters) this.continued();
  }

  /** @param ledger knows the names as they are now; later they may be forgotten */
  add(burst: PageBurst, { processes }: Ledger): void {
    const { taken, blocks, inode, pid } = burst;
    if (!taken) {
      this.#freed += blocks.length;
      return;
    }
    this.#taken += blocks.length;
    for (const block of blocks) {
      const pages = this.#blocks.get(block);
      if (pages === undefined && this.#blocks.size >= mostBlocks) this.#isFull = true;
      else this.#blocks.set(block, (pages ?? 0) + 1);
    }
    const key = processKey(burst);
    const taker = this.#processes.get(key) ?? { pid, comm: "", pages: 0 };
    taker.comm = processes.get(key)?.comm ?? taker.comm;
    taker.pages += blocks.length;
    this.#processes.set(key, taker);
    const file = this.#files.get(inode) ?? { inode, pages: 0 };
    file.pages += blocks.length;
    this.#files.set(inode, file);
    if (this.#processes.size > mostKept) this.#processes = largest(this.#processes);
    if (this.#files.size > mostKept) this.#files = largest(this.#files);
  }

  /** @returns null when nobody asked for single pages, and none are there */
  report(ledger: Ledger): PageReport | null {
    if (this.#taken + this.#freed === 0 && ledger.plan?.routes.blocks === undefined) return null;
    const counts = Uint32Array.from(this.#blocks.values()).sort();
    return {
      taken: this.#taken,
      takenBytes: this.#taken * (ledger.host?.pageBytes ?? 4096),
      freed: this.#freed,
      countedTaken: this.#counted?.allocated ?? null,
      countedFreed: this.#counted?.freed ?? null,
      blocks: counts.length,
      full: this.#isFull,
      medianPerBlock: counts.length === 0 ? null : (counts[counts.length >> 1] ?? null),
      mostPerBlock: counts.at(-1) ?? null,
      processes: [...largest(this.#processes, mostListed).values()],
      files: [...largest(this.#files, mostListed).values()],
    };
  }
}

const counterOf = (event: AllocatedSample | FreedSample) =>
  `${event.epoch} ${event.inode} ${event.kind === "allocated" ? `by ${processKey(event)}` : event.kill}`;

/** Most pages first. */
function largest<Key, Value extends { readonly pages: number }>(all: Map<Key, Value>, count = mostKept / 2) {
  return new Map([...all].sort(([, a], [, b]) => b.pages - a.pages).slice(0, count));
}
