import type { Exit } from "./exit.ts";

/**
 * How starting went. `by` says what made us believe that every probe is attached:
 * - `notice`: bpftrace said so (an undocumented feature of its own tests, in every release from 0.17 to 0.27).
 * - `attachedProbes`: its attached_probes message, which from 0.24 on comes after attaching.
 * - `tick`: the first message that the caller's `isTick` recognised.
 */
export type Readiness =
  | { readonly state: "ready"; readonly by: "notice" | "attachedProbes" | "tick"; readonly afterMs: number }
  /** It runs, but did not say that it is ready in time; it may yet be. */
  | { readonly state: "timedOut"; readonly afterMs: number }
  | { readonly state: "failed"; readonly exit: Exit };

/** Settles once, with the first thing that is learned. */
export class ReadinessWatch {
  readonly promise: Promise<Readiness>;
  #settle: (readiness: Readiness) => void = () => {};
  #settled = false;
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout;

  constructor(timeoutMs: number) {
    this.promise = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#timer = setTimeout(() => this.#finish({ state: "timedOut", afterMs: this.#elapsed() }), timeoutMs);
  }

  get settled(): boolean {
    return this.#settled;
  }

  ready(by: "notice" | "attachedProbes" | "tick"): void {
    this.#finish({ state: "ready", by, afterMs: this.#elapsed() });
  }

  failed(exit: Exit): void {
    this.#finish({ state: "failed", exit });
  }

  #elapsed(): number {
    return performance.now() - this.#startedAt;
  }

  #finish(readiness: Readiness): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#settle(readiness);
  }
}
