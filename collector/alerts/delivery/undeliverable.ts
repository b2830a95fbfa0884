/**
 * An attempt to deliver failed. The message reaches logs, /healthz and metrics: it is made of our own words, codes and
 * numbers, never of a URL's path, a header, or what a receiver answered.
 */
export class Undeliverable extends Error {
  override readonly name = "Undeliverable";
  /** Trying again is of no use: the receiver does not want this notice. */
  readonly isFinal: boolean;
  /** The receiver asked for that much time, ms. */
  readonly retryAfterMs: number;

  constructor(message: string, { isFinal = false, retryAfterMs = 0 } = {}) {
    super(message);
    this.isFinal = isFinal;
    this.retryAfterMs = retryAfterMs;
  }
}
