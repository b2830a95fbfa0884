/** Bytes of secret memory that each holder's faults made per second, over the last seconds. */
import type { HolderView, Snapshot } from "../../../collector/snapshot.ts";
import { secondsOf } from "./history.ts";
import { holdersOf } from "./holderIndex.ts";
import { Ring } from "./ring.ts";

/** Long enough to be read, short enough to be "now". */
const windowSeconds = 10;
const mostSteps = 120;

interface Step {
  readonly from: number;
  readonly to: number;
  /** Only who grew. */
  readonly grown: ReadonlyMap<string, number>;
}

export class HolderRates {
  readonly #steps = new Ring<Step>(mostSteps);
  readonly #sums = new Map<string, number>();
  #before: { readonly seconds: number; readonly holders: ReadonlyMap<string, HolderView> } | undefined;

  add(snapshot: Snapshot): void {
    const seconds = secondsOf(snapshot);
    const holders = holdersOf(snapshot);
    const before = this.#before;
    this.#before = { seconds, holders };
    if (before === undefined || seconds <= before.seconds) {
      this.#forgetAll();
      return;
    }
    const grown = new Map<string, number>();
    for (const [key, { allocatedBytes }] of holders) {
      // A file that went takes its pages out of the figure: a holder that shrank has allocated an unknown little.
      const more = (allocatedBytes ?? 0) - (before.holders.get(key)?.allocatedBytes ?? 0);
      if (more > 0) grown.set(key, more);
    }
    for (const [key, more] of grown) this.#sums.set(key, (this.#sums.get(key) ?? 0) + more);
    this.#forget(this.#steps.push({ from: before.seconds, to: seconds, grown }));
    while ((this.#steps.at(0)?.to ?? seconds) <= seconds - windowSeconds) this.#forget(this.#steps.shift());
  }

  /** Bytes per second by holderKey; who is missing allocated nothing. null: nothing was measured yet. */
  rates(): ReadonlyMap<string, number> | null {
    const first = this.#steps.at(0);
    const last = this.#steps.at(-1);
    if (first === undefined || last === undefined) return null;
    const seconds = last.to - first.from;
    return new Map([...this.#sums].map(([key, bytes]) => [key, bytes / seconds]));
  }

  #forget(step: Step | undefined): void {
    for (const [key, more] of step?.grown ?? []) {
      const left = (this.#sums.get(key) ?? 0) - more;
      if (left > 0) this.#sums.set(key, left);
      else this.#sums.delete(key);
    }
  }

  #forgetAll(): void {
    while (this.#steps.length > 0) this.#forget(this.#steps.shift());
  }
}
