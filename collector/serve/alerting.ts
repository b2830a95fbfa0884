/** Rules, and whom they tell, through snapshots and new configurations. */
import { createHash } from "node:crypto";
import { type Deliveries, type DeliveryEnvironment, openDeliveries } from "../alerts/delivery/deliveries.ts";
import { type AlertNotice, Notices, withdrawn } from "../alerts/delivery/notice.ts";
import type { DeliveryStatus } from "../alerts/delivery/receiver.ts";
import { Secret } from "../alerts/delivery/secret.ts";
import type { DeliverySettings } from "../alerts/delivery/settings.ts";
import { AlertEngine } from "../alerts/engine.ts";
import type { RuleState } from "../alerts/ruleState.ts";
import type { Snapshot } from "../snapshot.ts";
import type { Configuration } from "./configuration.ts";
import { EarlierDeliveries } from "./earlierDeliveries.ts";

/** How long the receivers of a configuration that is no more may take to get what waits for them, ms. */
const handOverMs = 10_000;

export class Alerting {
  readonly #engine: AlertEngine;
  readonly #notices = new Notices();
  readonly #environment: DeliveryEnvironment;
  #deliveries: Deliveries;
  readonly #earlier = new EarlierDeliveries();
  #fingerprint: string;
  /** The newest notice of each rule that fires. */
  readonly #firing = new Map<string, AlertNotice>();
  #snapshot: Snapshot | undefined;

  constructor({ settings, rules }: Configuration, environment: DeliveryEnvironment) {
    this.#engine = new AlertEngine(rules);
    this.#environment = environment;
    this.#deliveries = openDeliveries(settings.deliver, environment);
    this.#fingerprint = fingerprint(settings.deliver);
  }

  get rules(): readonly RuleState[] {
    return this.#engine.states;
  }

  get deliveries(): readonly DeliveryStatus[] {
    return this.#deliveries.status().map((status) => this.#earlier.addTo(status));
  }

  /** To be called with each snapshot once, in order. */
  observe(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    for (const notice of this.#notices.of(this.#engine.observe(snapshot), snapshot)) this.#tell(notice);
  }

  #tell(notice: AlertNotice): void {
    if (notice.status === "firing") this.#firing.set(notice.rule, notice);
    else this.#firing.delete(notice.rule);
    this.#deliveries.tell(notice);
  }

  /**
   * A rule that stays as it was goes on; one that fired and is gone or changed is resolved. Receivers that changed are
   * opened anew and hear what fires now.
   */
  replace({ settings, rules }: Configuration): void {
    this.#engine.replaceRules(rules);
    const stillFiring = new Set(this.#engine.states.filter(({ isFiring }) => isFiring).map((state) => state.rule.name));
    for (const [rule, last] of this.#firing) {
      if (!stillFiring.has(rule) && this.#snapshot !== undefined) this.#tell(withdrawn(last, this.#snapshot));
    }
    const next = fingerprint(settings.deliver);
    if (next === this.#fingerprint) return;
    this.#earlier.close(this.#deliveries, handOverMs);
    this.#deliveries = openDeliveries(settings.deliver, this.#environment);
    this.#fingerprint = next;
    for (const notice of this.#firing.values()) this.#deliveries.tell(notice);
  }

  /** Tells nobody that what fires is over: it is not. */
  close(patienceMs: number): Promise<void> {
    return this.#deliveries.close(patienceMs);
  }
}

/** Tells two settings apart, secrets included, without keeping these in yet another place. */
function fingerprint(settings: DeliverySettings): string {
  const text = JSON.stringify(settings, function (this: Record<string, unknown>, key, value: unknown) {
    // What stands there, before its toJSON hid it.
    const raw = this[key];
    return raw instanceof Secret ? raw.reveal() : value;
  });
  return createHash("sha256").update(text).digest("hex");
}
