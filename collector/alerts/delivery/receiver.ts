/** One way of telling somebody. A receiver only tries; waiting, trying again and counting is the outbox's. */
import type { AlertNotice } from "./notice.ts";
import type { DeliveryKind } from "./settings.ts";

export interface Receiver {
  readonly name: string;
  readonly kind: DeliveryKind;
  /** How many notices go in one attempt. */
  readonly batch: number;
  /** @throws Undeliverable with a reason fit for a log, at the latest when the signal says so */
  send(notices: readonly AlertNotice[], signal: AbortSignal): Promise<void>;
}

export interface DeliveryStatus {
  readonly name: string;
  readonly kind: DeliveryKind;
  /** Notices that wait, those in the present attempt among them. */
  readonly queued: number;
  /** Notices that the receiver took. Alertmanager gets a firing alert again and again: each time counts. */
  readonly sent: number;
  /** Attempts that failed. */
  readonly failed: number;
  /** Notices that will never arrive: pushed out of a full queue, overtaken, refused, too old, or left at the end. */
  readonly dropped: number;
  /** Why the last failed attempt failed; null: none did. Holds no secrets and nothing a receiver said. */
  readonly lastError: string | null;
  /** ISO 8601. */
  readonly lastErrorAt: string | null;
  /** The last attempt failed. */
  readonly failing: boolean;
}
