/** Whether the service does what it is there for, and if not, why. */
import type { DeliveryStatus } from "../alerts/delivery/receiver.ts";
import type { EvidenceWord, Snapshot } from "../snapshot.ts";

export const healthSchema = "secretscope.health/1";

export interface Health {
  readonly schema: typeof healthSchema;
  /** ok: figures come. failing: they do not, and a restart may help. */
  readonly status: "ok" | "failing";
  /** Why it is failing, one line each. */
  readonly reasons: readonly string[];
  /** What is worth a look though figures come. */
  readonly warnings: readonly string[];
  /** Snapshots come at their time. */
  readonly collecting: boolean;
  /** null before the first. */
  readonly snapshotAgeSeconds: number | null;
  readonly evidence: { readonly word: EvidenceWord; readonly why: readonly string[] } | null;
  readonly deliveries: readonly DeliveryStatus[];
}

/** No snapshot for this long is late, whatever the interval, ms. */
const leastLateMs = 3000;
/** Figures older than this, or than ten intervals, say nothing about now, ms. */
const leastStoppedMs = 60_000;

/** @param ageMs of the last snapshot; null before the first */
export function freshness(ageMs: number | null, intervalMs: number): "fresh" | "late" | "stopped" {
  if (ageMs === null || ageMs <= Math.max(leastLateMs, 3 * intervalMs)) return "fresh";
  return ageMs <= Math.max(leastStoppedMs, 10 * intervalMs) ? "late" : "stopped";
}

interface State {
  readonly snapshot: Snapshot | undefined;
  readonly ageMs: number | null;
  readonly intervalMs: number;
  readonly deliveries: readonly DeliveryStatus[];
  readonly lastReloadSuccessful: boolean;
}

export function health({ snapshot, ageMs, intervalMs, deliveries, lastReloadSuccessful }: State): Health {
  const collecting = snapshot !== undefined && freshness(ageMs, intervalMs) === "fresh";
  const reasons = collecting
    ? []
    : [
        ageMs === null
          ? "no snapshot yet: probes are being attached"
          : `the last snapshot is ${Math.round(ageMs / 1000)} s old`,
      ];
  const failing = deliveries.filter((delivery) => delivery.failing);
  return {
    schema: healthSchema,
    status: reasons.length === 0 ? "ok" : "failing",
    reasons,
    warnings: [
      ...(snapshot === undefined || snapshot.evidence.word === "complete"
        ? []
        : [`evidence is ${snapshot.evidence.word}`]),
      ...failing.map(({ name, lastError }) => `alerts do not reach ${name}: ${lastError ?? "?"}`),
      ...(lastReloadSuccessful ? [] : ["the configuration has a mistake; the one before it is in force"]),
    ],
    collecting,
    snapshotAgeSeconds: ageMs === null ? null : ageMs / 1000,
    evidence: snapshot === undefined ? null : { word: snapshot.evidence.word, why: snapshot.evidence.why },
    deliveries,
  };
}
