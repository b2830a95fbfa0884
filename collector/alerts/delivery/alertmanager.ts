/**
 * Alertmanager's API v2 (POST /api/v2/alerts, api/v2/openapi.yaml of Alertmanager 0.25). It wants to hear of a firing
 * alert again and again: what is not repeated before its endsAt counts as resolved, also when this program was killed.
 * Grouping, repeating and silencing are its own business.
 */
import { safeText } from "../../safeText.ts";
import type { AlertNotice } from "./notice.ts";
import { Outbox, type OutboxOptions } from "./outbox.ts";
import { post } from "./post.ts";
import type { DeliveryStatus, Receiver } from "./receiver.ts";
import type { AlertmanagerSettings } from "./settings.ts";

/** As Prometheus has it (notifier.maxBatchSize, rules.resendDelay). */
const batch = 64;
const resendsUntilResolved = 4;
const longestText = 1024;

const text = (value: string) => safeText(value.slice(0, longestText));

/** One alert as the API wants it. Which alert it is, its labels say: they stay the same while it lasts. */
export function alertmanagerAlert(notice: AlertNotice, link: string | null, firingUntilMs: number) {
  const { rule, host, labels, message, value, who, figure, startedAt, time, status } = notice;
  // A clock that was set back between the two must not make the end come before the beginning: that is refused.
  const endedMs = Math.max(Date.parse(time), Date.parse(startedAt));
  return {
    labels: {
      instance: text(host),
      ...Object.fromEntries(Object.entries(labels).map(([name, each]) => [name, text(each)])),
      alertname: rule,
    },
    annotations: {
      summary: text(message),
      figure,
      value: value === null ? "unknown" : String(value),
      ...(who === null ? {} : { who: text(who) }),
    },
    startsAt: startedAt,
    endsAt: new Date(status === "firing" ? firingUntilMs : endedMs).toISOString(),
    ...(link === null ? {} : { generatorURL: link }),
  };
}

export class AlertmanagerReceiver implements Receiver {
  readonly kind = "alertmanager";
  readonly batch = batch;
  readonly #settings: AlertmanagerSettings;
  readonly #link: string | null;

  constructor(settings: AlertmanagerSettings, link: string | null) {
    this.#settings = settings;
    this.#link = settings.link ?? link;
  }

  get name(): string {
    return this.#settings.name;
  }

  async send(notices: readonly AlertNotice[], signal: AbortSignal): Promise<void> {
    const until = Date.now() + resendsUntilResolved * this.#settings.resendMs;
    const alerts = notices.map((notice) => alertmanagerAlert(notice, this.#link, until));
    await post(this.#settings, alerts, signal, apiUrl);
  }
}

/** The base may have a path of its own (--web.external-url). */
function apiUrl(base: URL): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/api/v2/alerts`;
  return url;
}

/** An outbox that says what fires again until it clears. */
export class AlertmanagerDelivery {
  readonly #outbox: Outbox;
  readonly #firing = new Map<string, AlertNotice>();
  readonly #resendMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(receiver: AlertmanagerReceiver, resendMs: number, options: OutboxOptions) {
    this.#outbox = new Outbox(receiver, options);
    this.#resendMs = resendMs;
  }

  tell(notice: AlertNotice): void {
    if (notice.status === "firing") this.#firing.set(notice.rule, notice);
    else this.#firing.delete(notice.rule);
    this.#outbox.tell(notice);
    this.#timer ??= setInterval(() => this.#resend(), this.#resendMs).unref();
  }

  get status(): DeliveryStatus {
    return this.#outbox.status;
  }

  /** What fires stays so at Alertmanager until its endsAt: the next start of this program says it again, or nobody. */
  close(patienceMs: number): Promise<void> {
    clearInterval(this.#timer);
    return this.#outbox.close(patienceMs);
  }

  #resend(): void {
    for (const notice of this.#firing.values()) this.#outbox.tell(notice);
  }
}
