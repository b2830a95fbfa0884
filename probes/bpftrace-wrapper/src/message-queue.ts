import type { Message } from "./messages.ts";

export interface QueueBounds {
  readonly maxMessages: number;
  /** Sum of the lengths of the queued messages' lines. */
  readonly maxSize: number;
}

/**
 * A first-in first-out queue for one reader at a time, that says when it is full. It never refuses or drops a message:
 * what was already read from the pipe when it became full still gets in, so the bound is exceeded by at most one chunk.
 */
export class MessageQueue {
  readonly #bounds: QueueBounds;
  /** Called with true when the queue gets over its bounds, with false when it is down to half of them. */
  readonly #onFull: (full: boolean) => void;
  #items: { message: Message; size: number }[] = [];
  #head = 0;
  #size = 0;
  #full = false;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(bounds: QueueBounds, onFull: (full: boolean) => void) {
    this.#bounds = bounds;
    this.#onFull = onFull;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(message: Message, size: number): void {
    this.#items.push({ message, size });
    this.#size += size;
    if (!this.#full && (this.length > this.#bounds.maxMessages || this.#size > this.#bounds.maxSize)) {
      this.#full = true;
      this.#onFull(true);
    }
    this.#wake?.();
  }

  /** No more messages will come; readers get what is left, then the end. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** Messages as they come. Leaving the loop loses nothing: another reader goes on where it ended. */
  async *read(): AsyncGenerator<Message, void, undefined> {
    for (;;) {
      const message = this.#shift();
      if (message !== undefined) yield message;
      else if (this.#closed) return;
      else await this.#more();
    }
  }

  #shift(): Message | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head++;
    this.#size -= item.size;
    // Cut off the read half only: each item is then copied once on average.
    if (this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    if (this.#full && this.length <= this.#bounds.maxMessages / 2 && this.#size <= this.#bounds.maxSize / 2) {
      this.#full = false;
      this.#onFull(false);
    }
    return item.message;
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      const earlier = this.#wake;
      this.#wake = () => {
        this.#wake = undefined;
        earlier?.();
        resolve();
      };
    });
  }
}
