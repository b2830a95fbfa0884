const NEWLINE = 0x0a;

/** Receives the output of a LineSplitter. */
export interface LineReceiver {
  /** One or more whole lines, each ended by a newline. */
  lines(text: string): void;
  /** A line over the limit was skipped; its length without the newline. */
  overlong(bytes: number): void;
}

/**
 * Cuts a stream of bytes into lines of UTF-8 text, wherever the chunks end; invalid bytes become U+FFFD.
 * The common case is a chunk of many whole lines: it is turned into one string at once. Memory is bounded by the limit
 * plus one chunk.
 */
export class LineSplitter {
  readonly #limit: number;
  readonly #receiver: LineReceiver;
  /** The beginning of a line whose newline has not come yet. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Over 0: inside a line that is over the limit, this many bytes of which were dropped. */
  #skipped = 0;

  /** @param limit the longest line that is kept, in bytes without its newline */
  constructor(limit: number, receiver: LineReceiver) {
    this.#limit = limit;
    this.#receiver = receiver;
  }

  push(chunk: Buffer): void {
    const rest = this.#skipped > 0 ? this.#skip(chunk) : chunk;
    const end = rest.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      if (this.#heldBytes + end - 1 <= this.#limit) this.#emit(rest.subarray(0, end));
      else this.#emitEach(rest.subarray(0, end));
    }
    this.#hold(rest.subarray(end));
  }

  /** Gives back what came after the last newline, and is empty afterwards. */
  end(): string {
    if (this.#skipped > 0) this.#receiver.overlong(this.#skipped);
    const rest = Buffer.concat(this.#held).toString("utf8");
    this.#held = [];
    this.#heldBytes = 0;
    this.#skipped = 0;
    return rest;
  }

  #skip(chunk: Buffer): Buffer {
    const end = chunk.indexOf(NEWLINE);
    if (end === -1) {
      this.#skipped += chunk.length;
      return chunk.subarray(chunk.length);
    }
    const bytes = this.#skipped + end;
    this.#skipped = 0;
    this.#receiver.overlong(bytes);
    return chunk.subarray(end + 1);
  }

  #emitEach(lines: Buffer): void {
    let start = 0;
    for (let end = lines.indexOf(NEWLINE); end !== -1; end = lines.indexOf(NEWLINE, start)) {
      const bytes = this.#heldBytes + end - start;
      if (bytes <= this.#limit) {
        this.#emit(lines.subarray(start, end + 1));
      } else {
        this.#held = [];
        this.#heldBytes = 0;
        this.#receiver.overlong(bytes);
      }
      start = end + 1;
    }
  }

  #emit(lines: Buffer): void {
    const whole = this.#heldBytes === 0 ? lines : Buffer.concat([...this.#held, lines]);
    this.#held = [];
    this.#heldBytes = 0;
    this.#receiver.lines(whole.toString("utf8"));
  }

  #hold(rest: Buffer): void {
    if (rest.length === 0) return;
    this.#heldBytes += rest.length;
    if (this.#heldBytes <= this.#limit) {
      this.#held.push(rest);
      return;
    }
    this.#skipped = this.#heldBytes;
    this.#held = [];
    this.#heldBytes = 0;
  }
}
