/** How many refusals were seen since the first snapshot: holders come and go, and each takes its own count along. */
import type { Snapshot } from "../snapshot.ts";

/** Holders that left are remembered for as long as there is room: one that comes back was not refused again. */
const mostRemembered = 20_000;

export class RefusalCount {
  #counts: Map<string, number> | undefined;
  #total = 0;

  observe({ secret }: Snapshot): number {
    const isFirst = this.#counts === undefined;
    this.#counts ??= new Map();
    for (const { pid, startTicks, refused } of secret.holders) {
      if (refused === 0) continue;
      const process = `${pid}:${startTicks}`;
      if (!isFirst) this.#total += Math.max(0, refused - (this.#counts.get(process) ?? 0));
      this.#counts.delete(process);
      this.#counts.set(process, refused);
    }
    // A Map keeps the order of insertion: whoever was not seen for longest goes first.
    for (const process of this.#counts.keys()) {
      if (this.#counts.size <= mostRemembered) break;
      this.#counts.delete(process);
    }
    return this.#total;
  }
}
