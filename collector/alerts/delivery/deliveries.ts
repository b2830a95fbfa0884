/**
 * Tells everybody who is to be told of an alert. Each receiver has a queue of its own: one that is dead, slow or out of
 * its mind is its own problem, and shows in its status.
 */
import { ruleLimits } from "../rule.ts";
import { AlertmanagerDelivery, AlertmanagerReceiver } from "./alertmanager.ts";
import type { Pace } from "./backoff.ts";
import { CommandReceiver } from "./command.ts";
import { LogReceiver } from "./log.ts";
import { NdjsonReceiver } from "./ndjson.ts";
import type { AlertNotice } from "./notice.ts";
import { Outbox } from "./outbox.ts";
import type { DeliveryStatus, Receiver } from "./receiver.ts";
import { type DeliverySettings, receiverDefaults } from "./settings.ts";
import { WebhookReceiver } from "./webhook.ts";

export interface Deliveries {
  /** Takes note of a rule's change (firing, resolved) or repeat; never blocks, never throws. */
  tell(notice: AlertNotice): void;
  /** State of each receiver, for /healthz and metrics. */
  status(): readonly DeliveryStatus[];
  /** Sends what is queued, up to `patienceMs`, then gives up. Nothing is told any more after it. */
  close(patienceMs: number): Promise<void>;
}

export interface DeliveryEnvironment {
  /** One line to standard error: the log of alerts, and what is wrong with a receiver. Safe for a terminal. */
  readonly note: (line: string) => void;
  /** Text to standard output; resolves when it was taken, rejects when nobody reads any more. */
  readonly print: (text: string) => Promise<void>;
  /** Where a reader of an alert can look (generatorURL), unless the receiver's settings say otherwise. */
  readonly link: string | null;
  /** How fast a receiver is tried again; left out: as in production. */
  readonly pace?: Pace;
}

interface Delivery {
  tell(notice: AlertNotice): void;
  readonly status: DeliveryStatus;
  close(patienceMs: number): Promise<void>;
}

interface Told {
  readonly only: Readonly<Record<string, string>>;
  readonly delivery: Delivery;
}

export function openDeliveries(settings: DeliverySettings, environment: DeliveryEnvironment): Deliveries {
  const told = [...receivers(settings, environment)];
  return {
    tell(notice) {
      for (const { only, delivery } of told) if (isFor(only, notice)) delivery.tell(notice);
    },
    status: () => told.map(({ delivery }) => delivery.status),
    close: async (patienceMs) => {
      await Promise.all(told.map(({ delivery }) => delivery.close(patienceMs)));
    },
  };
}

const isFor = (only: Told["only"], { labels }: AlertNotice) =>
  Object.entries(only).every(([name, value]) => labels[name] === value);

function* receivers(settings: DeliverySettings, environment: DeliveryEnvironment): Generator<Told> {
  const { note, pace } = environment;
  const queue = (receiver: Receiver, capacity: number, retryForMs: number) =>
    new Outbox(receiver, { capacity, retryForMs, newestOnly: false, note, pace });
  const { queue: usual, retryForMs } = receiverDefaults;
  if (settings.log) yield { only: {}, delivery: queue(new LogReceiver(note), ruleLimits.rules, retryForMs) };
  if (settings.stdout) {
    yield { only: {}, delivery: queue(new NdjsonReceiver(environment.print), usual, Number.POSITIVE_INFINITY) };
  }
  for (const each of settings.alertmanager) {
    const receiver = new AlertmanagerReceiver(each, environment.link);
    // One notice a rule: the state of today never grows too old, and has no more entries than there are rules.
    const options = { capacity: ruleLimits.rules, retryForMs: Number.POSITIVE_INFINITY, newestOnly: true, note, pace };
    yield { only: each.only, delivery: new AlertmanagerDelivery(receiver, each.resendMs, options) };
  }
  for (const each of settings.webhook) {
    yield { only: each.only, delivery: queue(new WebhookReceiver(each), each.queue, each.retryForMs) };
  }
  for (const each of settings.command) {
    yield { only: each.only, delivery: queue(new CommandReceiver(each), each.queue, each.retryForMs) };
  }
}

export { readDeliverySettings } from "./readSettings.ts";
export { shownDeliverySettings } from "./shownSettings.ts";
