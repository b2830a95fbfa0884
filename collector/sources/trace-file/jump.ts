/**
 * The way to another time of a trace. A long one takes a second: it is gone in slices, so that whoever draws and takes
 * keys gets their turn in between. A short one is over when `go` returns.
 */

/** A key is answered within twice that and a frame, ms. */
const sliceMs = 15;

export class Jump {
  /** ns of the trace's CLOCK_MONOTONIC. */
  readonly to: bigint;
  readonly #steps: Iterator<number, void, undefined>;
  #done = 0;
  #timer: NodeJS.Immediate | undefined;
  #over: ((arrived: boolean) => void) | undefined;

  /** @param steps each a millisecond or a few of work; says how much of the way is done, 0 to 1 */
  constructor(to: bigint, steps: Iterator<number, void, undefined>) {
    this.to = to;
    this.#steps = steps;
  }

  /** How much of the way is done, 0 to 1. */
  get done(): number {
    return this.#done;
  }

  /** @param afterSlice called while there is more to come. @returns whether it arrived; false when it was given up */
  go(afterSlice: () => void): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#over = resolve;
      const slice = () => {
        try {
          if (this.#slice()) resolve(true);
          else {
            this.#timer = setImmediate(slice);
            afterSlice();
          }
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      slice();
    });
  }

  /** Leaves the replay wherever it is. */
  giveUp(): void {
    clearImmediate(this.#timer);
    this.#over?.(false);
  }

  /** @returns whether the way is at its end */
  #slice(): boolean {
    const until = performance.now() + sliceMs;
    do {
      const step = this.#steps.next();
      if (step.done) return true;
      this.#done = step.value;
    } while (performance.now() < until);
    return false;
  }
}
