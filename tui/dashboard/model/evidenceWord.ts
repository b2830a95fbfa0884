/** How far the figures can be trusted, in one word and in as many sentences as it takes. */
import type { Evidence } from "../../../collector/snapshot.ts";

export type EvidenceWord = "complete" | "late" | "lossy" | "partial";

/** No snapshot for this long is late, whatever the interval. */
const leastLateMs = 3000;

/**
 * The worst that is true: lossy (something did not arrive), late (figures are old), partial (something cannot be
 * seen here), complete.
 * @param ageMs how long ago the snapshot came; @param intervalMs how often they come
 */
export function evidenceWord(evidence: Evidence, ageMs: number, intervalMs: number): EvidenceWord {
  if (evidence.lost > 0 || evidence.gaps.length > 0 || evidence.restarts > 0) return "lossy";
  // A full map is told in words only (collector/ledger/evidence.ts).
  if (evidence.why.some((reason) => /\blost\b|map in the kernel was full|could not be read/.test(reason)))
    return "lossy";
  if (isLate(ageMs, intervalMs) || evidence.why.some((reason) => /\bas of\b.*\bago\b/.test(reason))) return "late";
  if (!evidence.complete || !isProbed(evidence)) return "partial";
  return "complete";
}

export function isLate(ageMs: number, intervalMs: number): boolean {
  return ageMs > Math.max(leastLateMs, 3 * intervalMs);
}

/** Pages, splits and OOM kills come from probes; /proc alone has totals, without who. */
export function isProbed({ route }: Evidence): boolean {
  return [route.pages, route.splits, route.oom].every((each) => each !== null && each !== "procfs");
}
