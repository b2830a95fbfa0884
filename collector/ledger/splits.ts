/**
 * Splits and their causes. The kernel's own count (/proc/vmstat) is the truth; what the stacks explain is attributed,
 * the rest is shown as unattributed: the two always add up to what vmstat moved.
 */
import type { KernelSample, OwnSplitsEvent, SplitCause, SplitLevel, SplitSample } from "../events.ts";
import type { MonotonicNs } from "../units.ts";
import { EpochCounter } from "./counters.ts";
import { type ProcessKey, processKey } from "./processes.ts";

export interface CauseEntry {
  readonly cause: SplitCause;
  readonly process: ProcessKey;
  readonly stack: readonly string[];
  /** By level; "unknown" where two levels moved at once and the route cannot tell them apart. */
  readonly counts: Record<SplitLevel | "unknown", number>;
  last: MonotonicNs;
}

interface Kept {
  readonly entry: CauseEntry;
  readonly counters: Map<SplitLevel | "unknown", EpochCounter>;
  /** Grown since the last reading, level not known yet. */
  fresh: number;
  /** Generation of its last sample. */
  epoch: number;
}

/** With more (process, stack) pairs than this, old ones share one entry a cause, under no process. */
const mostEntries = 4096;
export const manyProcesses: ProcessKey = "0:0";

export class Splits {
  readonly #kept = new Map<string, Kept>();
  readonly #folded = new Map<SplitCause, CauseEntry>();
  #first: KernelSample | undefined;
  #latest: KernelSample | undefined;
  #settled: KernelSample | undefined;
  readonly own: Record<SplitLevel, number> = { "2m": 0, "1g": 0 };

  kernel(sample: KernelSample): void {
    this.#first ??= sample;
    this.#latest = sample;
  }

  addOwn(event: OwnSplitsEvent): void {
    this.own["2m"] += event.splits["2m"] ?? 0;
    this.own["1g"] += event.splits["1g"] ?? 0;
  }

  sample(event: SplitSample): void {
    const kept = this.#keep(event);
    const level = event.level ?? "unknown";
    const counter = kept.counters.get(level) ?? new EpochCounter();
    kept.counters.set(level, counter);
    const grown = counter.sample(event.epoch, event.count);
    if (grown === 0) return;
    kept.entry.last = event.at;
    if (level === "unknown") kept.fresh += grown;
    else kept.entry.counts[level] += grown;
  }

  /** After a reading: gives the new splits the level that vmstat moved by, where there is only one answer. */
  settle(): void {
    const now = this.#latest;
    if (now === undefined) return;
    const before = this.#settled ?? this.#first ?? now;
    const moved = { "2m": difference(now, before, "2m"), "1g": difference(now, before, "1g") };
    const fresh = [...this.#kept.values()].filter((kept) => kept.fresh > 0);
    const only = fresh.length === 1 ? fresh[0] : undefined;
    for (const kept of fresh) {
      const { counts } = kept.entry;
      if (!moved["1g"]) counts["2m"] += kept.fresh;
      else if (!moved["2m"]) counts["1g"] += kept.fresh;
      else if (kept === only && kept.fresh === moved["2m"] + moved["1g"]) {
        counts["2m"] += moved["2m"];
        counts["1g"] += moved["1g"];
      } else counts.unknown += kept.fresh;
      kept.fresh = 0;
    }
    this.#settled = now;
  }

  get latest(): KernelSample | undefined {
    return this.#latest;
  }

  /** What vmstat moved by since the first reading; null without split counters. */
  since(level: SplitLevel): number | null {
    if (this.#first === undefined || this.#latest === undefined) return null;
    return difference(this.#latest, this.#first, level);
  }

  get entries(): CauseEntry[] {
    // What came since the last reading has no level yet.
    const now = Array.from(this.#kept.values(), ({ entry, fresh }) =>
      fresh === 0 ? entry : { ...entry, counts: { ...entry.counts, unknown: entry.counts.unknown + fresh } },
    );
    return [...this.#folded.values(), ...now];
  }

  get attributed(): number {
    let sum = this.own["2m"] + this.own["1g"];
    for (const { counts } of this.entries) sum += counts["2m"] + counts["1g"] + counts.unknown;
    return sum;
  }

  /**
   * vmstat's difference less what is attributed. Below zero when a stack was counted whose split lost a race and was
   * taken back (arch/x86/mm/pat/set_memory.c, __split_large_page returns 1). null without split counters.
   */
  get unattributed(): number | null {
    const level2 = this.since("2m");
    const level1 = this.since("1g");
    if (level2 === null && level1 === null) return null;
    return (level2 ?? 0) + (level1 ?? 0) - this.attributed;
  }

  #keep(event: SplitSample): Kept {
    const process = processKey(event);
    const name = `${event.cause}\n${process}\n${textOf(event.stack)}`;
    const known = this.#kept.get(name);
    if (known !== undefined) {
      known.epoch = event.epoch;
      return known;
    }
    if (this.#kept.size >= mostEntries) this.#fold(event.epoch);
    const kept: Kept = {
      entry: { cause: event.cause, process, stack: event.stack, counts: none(), last: event.at },
      counters: new Map(),
      fresh: 0,
      epoch: event.epoch,
    };
    this.#kept.set(name, kept);
    return kept;
  }

  /**
   * Entries of generations that the kernel has emptied get no further samples: their counts go to one entry a cause,
   * under no process. Anything younger stays, since a sample of it is the whole count and would be added twice.
   */
  #fold(epoch: number): void {
    for (const [name, { entry, fresh, epoch: last }] of this.#kept) {
      if (last >= epoch - 1 || fresh > 0) continue;
      const shared = this.#folded.get(entry.cause) ?? { ...entry, process: manyProcesses, stack: [], counts: none() };
      for (const level of levels) shared.counts[level] += entry.counts[level];
      if (entry.last > shared.last) shared.last = entry.last;
      this.#folded.set(entry.cause, shared);
      this.#kept.delete(name);
    }
  }
}

/** A stack comes again and again as the same list, from the kernel's lines and from a recording: it is joined once. */
const texts = new WeakMap<readonly string[], string>();

function textOf(stack: readonly string[]): string {
  const known = texts.get(stack);
  if (known !== undefined) return known;
  const text = stack.join("\n");
  texts.set(stack, text);
  return text;
}

const levels = ["2m", "1g", "unknown"] as const;
const none = () => ({ "2m": 0, "1g": 0, unknown: 0 });

function difference(now: KernelSample, before: KernelSample, level: SplitLevel): number | null {
  const later = now.splits[level];
  const earlier = before.splits[level];
  return later === null || earlier === null ? null : later - earlier;
}
