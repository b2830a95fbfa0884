/**
 * Counts that may still move to another label. A reading that is not complete yet leaves splits without a level until
 * it is; a counter could not take them back. What stood in two snapshots in a row, neither of them late, stays: the
 * second of two incomplete readings is always called late (ledger/evidence.ts).
 */
import type { Snapshot } from "../../snapshot.ts";

type Counts = ReadonlyMap<string, number>;

export class Settled {
  #before: Counts = new Map();
  #counts: Counts = new Map();

  observe({ evidence }: Snapshot, now: Counts): void {
    if (evidence.reasons.some(({ kind }) => kind === "late")) return;
    const both = new Map(this.#counts);
    for (const [label, count] of now) {
      const sure = Math.min(count, this.#before.get(label) ?? 0);
      if (sure > 0) both.set(label, Math.max(sure, both.get(label) ?? 0));
    }
    this.#before = now;
    this.#counts = both;
  }

  get counts(): Counts {
    return this.#counts;
  }
}
