export interface BackoffOptions {
  /** The first delay, in milliseconds. */
  readonly initialMs: number;
  /** No delay is longer, in milliseconds. */
  readonly maxMs: number;
  /** After running this long without a failure, in milliseconds, the next delay is the first one again. */
  readonly healthyMs: number;
  /** Each delay is this many times the one before; default 2. */
  readonly factor?: number;
  /** Milliseconds that never go back; default `performance.now`. */
  readonly now?: () => number;
}

/** How long to wait before starting something again that keeps failing. Holds no timer. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #now: () => number;
  #failures = 0;
  #startedAt: number | undefined;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Failures in a row, without a healthy run between them. */
  get failures(): number {
    return this.#failures;
  }

  /** Call when it was started. */
  started(): void {
    this.#startedAt = this.#now();
  }

  /** Call when it failed. Returns how long to wait before the next start, in milliseconds. */
  failed(): number {
    const { initialMs, maxMs, healthyMs, factor = 2 } = this.#options;
    if (this.#startedAt !== undefined && this.#now() - this.#startedAt >= healthyMs) this.#failures = 0;
    this.#startedAt = undefined;
    return Math.min(maxMs, initialMs * factor ** this.#failures++);
  }
}
