/** Who held secret memory in the period, how much at most, and how much more or less at its end. */
import type { HolderView, Snapshot } from "../../snapshot.ts";
import { type HolderChange, mostListed } from "./report.ts";

interface Entry {
  holder: HolderView;
  readonly begin: number | null;
  peak: number | null;
  peakTime: string | null;
  /** Number of the sample that saw it last. */
  seen: number;
}

/**
 * Those that hold nothing any more are thinned to half of this, the smallest peaks first, and only counted: a machine that
 * makes a holder a second makes 600,000 in a week. Those that hold something are as many as the ledger has anyway.
 */
export const mostGone = 4096;

export class HolderTable {
  readonly #entries = new Map<string, Entry>();
  #sample = 0;
  #forgotten = 0;

  /** Takes the holders at one sample; the first call is the beginning. */
  sample({ time, secret }: Pick<Snapshot, "time" | "secret">): void {
    this.#sample++;
    for (const holder of secret.holders) {
      const key = `${holder.pid}:${holder.startTicks}`;
      const bytes = holder.residentBytes;
      const entry = this.#entries.get(key);
      if (entry === undefined) {
        const begin = this.#sample === 1 ? bytes : 0;
        this.#entries.set(key, {
          holder,
          begin,
          peak: bytes,
          peakTime: bytes === null ? null : time,
          seen: this.#sample,
        });
        continue;
      }
      if (bytes !== null && bytes > (entry.peak ?? -1)) {
        entry.peak = bytes;
        entry.peakTime = time;
      }
      entry.holder = holder;
      entry.seen = this.#sample;
    }
    if (this.#entries.size > secret.holders.length + mostGone) this.#thin();
  }

  /** How many processes were seen; one that was forgotten and came back counts twice. */
  get count(): number {
    return this.#entries.size + this.#forgotten;
  }

  /** How many of them are told apart. */
  get kept(): number {
    return this.#entries.size;
  }

  byPeak(): HolderChange[] {
    return this.#changes()
      .sort((a, b) => (b.peakBytes ?? -1) - (a.peakBytes ?? -1) || a.pid - b.pid)
      .slice(0, mostListed);
  }

  byGrowth(): HolderChange[] {
    return this.#changes()
      .filter(({ growthBytes }) => (growthBytes ?? 0) > 0)
      .sort((a, b) => (b.growthBytes ?? 0) - (a.growthBytes ?? 0) || a.pid - b.pid)
      .slice(0, mostListed);
  }

  #changes(): HolderChange[] {
    return Array.from(this.#entries.values(), ({ holder, begin, peak, peakTime, seen }) => {
      const end = seen === this.#sample ? holder.residentBytes : 0;
      const { pid, startTicks, comm, uid, cgroup } = holder;
      const known = { pid, startTicks, comm, uid, cgroup, beginBytes: begin, peakBytes: peak, peakTime, endBytes: end };
      return { ...known, growthBytes: begin === null || end === null ? null : end - begin };
    });
  }

  #thin(): void {
    const gone = [...this.#entries].filter(([, { seen }]) => seen < this.#sample);
    gone.sort(([, a], [, b]) => (a.peak ?? -1) - (b.peak ?? -1));
    for (const [key] of gone.slice(0, gone.length - mostGone / 2)) {
      this.#entries.delete(key);
      this.#forgotten++;
    }
  }
}
