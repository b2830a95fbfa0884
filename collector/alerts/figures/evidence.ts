/** Whether the figures can still be trusted. */
import type { EvidenceReasonKind } from "../../snapshot.ts";
import { type Figure, reading } from "./reading.ts";

/** What tells that something is not, or was not seen; the rest cannot be seen or explained here, from the start. */
const losses: readonly EvidenceReasonKind[] = [
  "detached",
  "late",
  "oldScan",
  "gap",
  "lost",
  "mapFull",
  "unreadable",
  "tooManyFiles",
];

export const evidenceLost: Figure = {
  unit: "flag",
  means:
    "the evidence was complete and is not any more, or something was missed: the probes stopped, or lines were lost",
  read: ({ evidence: { complete, why, reasons } }, { wasComplete }) => {
    if (complete) return reading(0);
    const loss = reasons.find(({ kind }) => losses.includes(kind));
    return loss !== undefined || wasComplete ? reading(1, loss?.text ?? why[0] ?? null) : reading(0);
  },
};
