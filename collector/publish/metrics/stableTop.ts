/**
 * The largest few of many names, and the rest as "other". Who is in stays in until somebody clearly larger comes, and
 * newcomers wait a while: each name that ever gets a series of its own costs Prometheus memory for hours.
 */

/** So much larger than the smallest that is in has a newcomer to be. */
const clearly = 1.25;
/** How long somebody has to be there before a series of its own; short-lived processes and their cgroups never get one. */
const settledNs = 10_000_000_000n;

export type Amounts = ReadonlyMap<string, number | null>;

export class StableTop {
  readonly #most: number;
  #top = new Set<string>();
  /** Since when each of the others has been there without a break, ns. */
  #since = new Map<string, bigint>();
  #amounts: Amounts = new Map();
  #isFirst = true;

  constructor(most: number) {
    this.#most = most;
  }

  /** @param nowNs of the snapshot, CLOCK_MONOTONIC @param amounts null: not known */
  observe(nowNs: bigint, amounts: Amounts): void {
    this.#amounts = amounts;
    this.#top = new Set([...this.#top].filter((name) => amounts.has(name)));
    const since = new Map<string, bigint>();
    const settled: string[] = [];
    for (const name of amounts.keys()) {
      if (this.#top.has(name)) continue;
      const from = this.#since.get(name) ?? nowNs;
      since.set(name, from);
      // At the start nobody knows who has been there for long.
      if (this.#isFirst || nowNs - from >= settledNs) settled.push(name);
    }
    this.#since = since;
    this.#isFirst = false;
    this.#admit(settled);
  }

  #admit(candidates: readonly string[]): void {
    if (this.#most === 0) return;
    for (const name of [...candidates].sort((a, b) => this.#of(b) - this.#of(a) || (a < b ? -1 : 1))) {
      if (this.#top.size >= this.#most) {
        const least = this.#least();
        if (this.#of(name) <= clearly * this.#of(least)) return;
        this.#top.delete(least);
      }
      this.#top.add(name);
      this.#since.delete(name);
    }
  }

  #least(): string {
    return [...this.#top].reduce((a, b) => (this.#of(b) < this.#of(a) ? b : a));
  }

  #of(name: string): number {
    return this.#amounts.get(name) ?? 0;
  }

  get top(): [string, number | null][] {
    return Array.from(this.#top, (name) => [name, this.#amounts.get(name) ?? null]);
  }

  /** All that are not in the top; null: of one of them it is not known. */
  get other(): number | null {
    let sum: number | null = 0;
    for (const [name, amount] of this.#amounts) {
      if (!this.#top.has(name)) sum = sum === null || amount === null ? null : sum + amount;
    }
    return sum;
  }
}
