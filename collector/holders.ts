/** One look at who holds secret memory now: /proc only, no probes. */
import { openObservation } from "./session.ts";
import type { Snapshot } from "./snapshot.ts";

/** @throws CannotRun when /proc cannot be read. */
export async function whoHolds(): Promise<Snapshot> {
  const observation = await openObservation({ intervalMs: 60_000, route: "procfs" });
  try {
    return observation.snapshot();
  } finally {
    await observation.close();
  }
}
