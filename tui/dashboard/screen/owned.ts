/** What someone owns: timers, listeners, widgets. Ended together, last first, once. */

export type End = () => void;

export class Owned {
  #ends: End[] = [];
  #ended = false;

  /** @returns what was added, ended when this ends; at once when it has ended already */
  add(end: End): void {
    if (this.#ended) end();
    else this.#ends.push(end);
  }

  /** A listener on an emitter. */
  listen<Arguments extends unknown[]>(
    emitter: {
      on(event: string, listener: (...values: Arguments) => void): unknown;
      removeListener(event: string, listener: (...values: Arguments) => void): unknown;
    },
    event: string,
    listener: (...values: Arguments) => void,
  ): void {
    emitter.on(event, listener);
    this.add(() => emitter.removeListener(event, listener));
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** One that fails keeps no other from ending. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const end of this.#ends.reverse()) {
      try {
        end();
      } catch {
        // The terminal may be gone already: there is nobody to tell.
      }
    }
    this.#ends = [];
  }
}
