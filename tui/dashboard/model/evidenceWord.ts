/** How far the figures on the screen can be trusted: the collector's word, and how old what is shown is. */
import type { Evidence, EvidenceWord } from "../../../collector/snapshot.ts";

/** No snapshot for this long is late, whatever the interval. */
const leastLateMs = 3000;

/**
 * The collector knows what did not arrive at it; only the screen knows that nothing arrives at the screen.
 * @param ageMs how long ago the snapshot came; @param intervalMs how often they come
 */
export function evidenceWord({ word }: Evidence, ageMs: number, intervalMs: number): EvidenceWord {
  return word !== "lossy" && isLate(ageMs, intervalMs) ? "late" : word;
}

export function isLate(ageMs: number, intervalMs: number): boolean {
  return ageMs > Math.max(leastLateMs, 3 * intervalMs);
}
