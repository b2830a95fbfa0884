/** What a figure gives: a number and whom it is about. null: unknown, which neither fires nor clears anything. */
import type { SplitCause } from "../../events.ts";
import type { Snapshot } from "../../snapshot.ts";
import type { History } from "../history.ts";

export interface Reading {
  readonly value: number | null;
  /** A process, user, cgroup or cause, as the kernel names it: hostile text, to be made safe where it is printed. */
  readonly who: string | null;
}

/** share: 1 is all of it. flag: 1 yes, 0 no. */
export type FigureUnit = "perMinute" | "share" | "hours" | "bytes" | "count" | "flag";

export interface Figure {
  readonly unit: FigureUnit;
  /** One line for a person. */
  readonly means: string;
  readonly read: (snapshot: Snapshot, history: History, cause: SplitCause | null) => Reading;
}

export const unknown: Reading = { value: null, who: null };

export const reading = (value: number | null, who: string | null = null): Reading => ({ value, who });

/** The largest of several; unknown as soon as one of them is: the unknown one may be larger. */
export function largest(readings: Iterable<Reading>): Reading {
  let found: Reading | undefined;
  for (const each of readings) {
    if (each.value === null) return unknown;
    if (found?.value == null || each.value > found.value) found = each;
  }
  return found ?? reading(0);
}

/**
 * Somebody looked at who holds what, and /proc lists everybody. Where pages are only measured in /proc, every process
 * could be looked into, too: one that could not may have any amount.
 */
export const knowsHolders = ({ evidence: { scanAgeMs, unlistedProcesses, hiddenProcesses, route } }: Snapshot) =>
  scanAgeMs !== null && !unlistedProcesses && (route.pages !== "procfs" || hiddenProcesses === 0);

/**
 * What the probes count is as of now. While they do not run, or are late, nothing that they told of before is known: no
 * new refusal is not none, and a file whose holder ended meanwhile may be gone with it.
 */
export const countersSpeak = ({ evidence: { reasons } }: Snapshot) =>
  !reasons.some(({ kind }) => kind === "detached" || kind === "late");

export const processName = ({ comm, pid }: { readonly comm: string; readonly pid: number }) => `${comm} [${pid}]`;
