/** Deliveries of configurations that are no more: what they still send, and what they counted. */
import type { Deliveries } from "../alerts/delivery/deliveries.ts";
import type { DeliveryStatus } from "../alerts/delivery/receiver.ts";

type Counts = Pick<DeliveryStatus, "sent" | "failed" | "dropped">;

export class EarlierDeliveries {
  readonly #closing = new Set<Deliveries>();
  /** Of those that are closed, by kind and name. */
  readonly #counts = new Map<string, Counts>();

  /** @param patienceMs how long they may take to send what waits */
  close(deliveries: Deliveries, patienceMs: number): void {
    this.#closing.add(deliveries);
    void deliveries.close(patienceMs).then(() => {
      this.#closing.delete(deliveries);
      for (const status of deliveries.status())
        this.#counts.set(keyOf(status), sum(status, this.#counts.get(keyOf(status))));
    });
  }

  /** The counters of a receiver, continued from those of the same name before it: a counter does not begin anew. */
  addTo(status: DeliveryStatus): DeliveryStatus {
    const key = keyOf(status);
    let counts = sum(status, this.#counts.get(key));
    for (const each of this.#closing)
      counts = sum(
        counts,
        each.status().find((before) => keyOf(before) === key),
      );
    return { ...status, ...counts };
  }
}

const keyOf = ({ kind, name }: DeliveryStatus) => `${kind} ${name}`;

const sum = (a: Counts, b: Counts = { sent: 0, failed: 0, dropped: 0 }): Counts => ({
  sent: a.sent + b.sent,
  failed: a.failed + b.failed,
  dropped: a.dropped + b.dropped,
});
