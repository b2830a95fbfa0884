/** The last so many things, in order; what is older is forgotten. */
export class Ring<T> {
  readonly #slots: (T | undefined)[];
  #start = 0;
  #length = 0;

  /** @param capacity at least 1 */
  constructor(readonly capacity: number) {
    this.#slots = new Array<T | undefined>(Math.max(1, capacity));
  }

  get length(): number {
    return this.#length;
  }

  /** @returns what had to go to make room */
  push(value: T): T | undefined {
    const capacity = this.#slots.length;
    const slot = (this.#start + this.#length) % capacity;
    if (this.#length < capacity) {
      this.#slots[slot] = value;
      this.#length += 1;
      return undefined;
    }
    const gone = this.#slots[this.#start];
    this.#slots[this.#start] = value;
    this.#start = (this.#start + 1) % capacity;
    return gone;
  }

  /** Takes the oldest away. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const gone = this.#slots[this.#start];
    this.#slots[this.#start] = undefined;
    this.#start = (this.#start + 1) % this.#slots.length;
    this.#length -= 1;
    return gone;
  }

  /** The newest: at(-1). */
  at(index: number): T | undefined {
    const place = index < 0 ? this.#length + index : index;
    if (place < 0 || place >= this.#length) return undefined;
    return this.#slots[(this.#start + place) % this.#slots.length];
  }

  replaceLast(value: T): void {
    if (this.#length === 0) this.push(value);
    else this.#slots[(this.#start + this.#length - 1) % this.#slots.length] = value;
  }

  /** Oldest first. */
  toArray(): T[] {
    return Array.from({ length: this.#length }, (_, index) => this.at(index) as T);
  }
}
