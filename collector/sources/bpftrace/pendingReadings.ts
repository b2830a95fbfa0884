/** Who waits for a reading of the counters: by its number, and not for ever. */

export class PendingReadings {
  readonly #waiting = new Set<{ readonly number: number; readonly done: (complete: boolean) => void }>();

  get size(): number {
    return this.#waiting.size;
  }

  /** @returns whether reading `number` or a later one came within the time */
  wait(number: number, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => entry.done(false), timeoutMs);
      const entry = {
        number,
        done: (complete: boolean) => {
          clearTimeout(timer);
          this.#waiting.delete(entry);
          resolve(complete);
        },
      };
      this.#waiting.add(entry);
    });
  }

  answer(number: number): void {
    for (const entry of [...this.#waiting]) if (entry.number <= number) entry.done(true);
  }

  /** Nothing will come any more. */
  giveUp(): void {
    for (const { done } of [...this.#waiting]) done(false);
  }
}
