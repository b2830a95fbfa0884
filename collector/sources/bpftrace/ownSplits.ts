/** Attaching splits too. What vmstat moved until the first reading, less what the probes saw of it, is our own. */
import type { SplitLevel } from "../../../probes/words.ts";
import type { KernelSample, OwnSplitsEvent } from "../../events.ts";
import type { SplitCount } from "./splitMaps.ts";

export class OwnSplits {
  #before: KernelSample | undefined;

  /** @param before vmstat before bpftrace was started */
  begin(before: KernelSample): void {
    this.#before = before;
  }

  /** Undefined but for the first reading of each life of bpftrace. */
  of(sample: KernelSample, counted: readonly SplitCount[]): OwnSplitsEvent["splits"] | undefined {
    const before = this.#before;
    if (before === undefined) return undefined;
    this.#before = undefined;
    const seen = (level: SplitLevel) =>
      counted.reduce((sum, split) => sum + ((split.level ?? "2m") === level ? split.count : 0), 0);
    const own = (level: SplitLevel) => {
      const later = sample.splits[level];
      const earlier = before.splits[level];
      return later === null || earlier === null ? null : Math.max(0, later - earlier - seen(level));
    };
    return { "2m": own("2m"), "1g": own("1g") };
  }
}
