/** Who wants to be told. A listener that throws stops nobody else; its error is thrown where Node shows it. */
export class Listeners<T> {
  readonly #listeners = new Set<(value: T) => void>();

  /** @returns the way to leave. */
  add(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(value: T): void {
    for (const listener of this.#listeners) {
      try {
        listener(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
