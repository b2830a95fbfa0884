/** Whether the figures can still be trusted. */
import { type Figure, reading, unknown } from "./reading.ts";

export const evidenceLost: Figure = {
  unit: "flag",
  means: "the evidence was complete before and is not any more; unknown where it never was",
  read: ({ evidence }, { wasComplete }) => {
    if (evidence.complete) return reading(0);
    return wasComplete ? reading(1, evidence.why[0] ?? null) : unknown;
  },
};
