/**
 * Being asked to stop. The first signal asks: what runs is closed in order and says its last word. A second one insists:
 * the process ends at once with 128 + the signal's number, and bpftrace with it (bpftrace-wrapper leaves no orphans).
 */
import { constants } from "node:os";

const all = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** For a service, to which SIGHUP means: read your configuration again. */
export const serviceStops = ["SIGINT", "SIGTERM"] as const;

/** @returns a signal that is aborted by the first of these */
export function stopRequested(signals: readonly (typeof all)[number][] = all): AbortSignal {
  const asked = new AbortController();
  for (const signal of signals) {
    process.on(signal, () => {
      if (asked.signal.aborted) process.exit(128 + constants.signals[signal]);
      asked.abort();
    });
  }
  return asked.signal;
}

/** Resolves when one of them is aborted, or after the time. */
export async function until(reasons: readonly AbortSignal[], milliseconds?: number): Promise<void> {
  const ended = AbortSignal.any([...reasons]);
  if (ended.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
    ended.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
