/** To whom alerts go: the `deliver:` part of the configuration, read and trusted. */
import type { SecretSource } from "./secret.ts";

export type DeliveryKind = "log" | "stdout" | "alertmanager" | "webhook" | "command";

interface ReceiverSettings {
  /** Shown in logs, /healthz and metrics. */
  readonly name: string;
  /** Only alerts with all these labels; empty: every alert. */
  readonly only: Readonly<Record<string, string>>;
  /** Of one attempt, ms. */
  readonly timeoutMs: number;
}

interface QueueSettings {
  /** The oldest notice is dropped, and counted, when one more comes. */
  readonly queue: number;
  /** A notice that could not be delivered for so long is dropped, and counted; ms. */
  readonly retryForMs: number;
}

interface HttpSettings {
  readonly url: SecretSource;
  /** Sent as `Authorization: Bearer`; null: none. */
  readonly token: SecretSource | null;
}

export interface AlertmanagerSettings extends ReceiverSettings, HttpSettings {
  /** How often a firing alert is said again; Alertmanager ends it by itself when it hears nothing for four times this; ms. */
  readonly resendMs: number;
  /** What `generatorURL` says: where a reader of the alert can look; null: that of the environment. */
  readonly link: string | null;
}

export interface WebhookSettings extends ReceiverSettings, HttpSettings, QueueSettings {}

export interface CommandSettings extends ReceiverSettings, QueueSettings {
  /** An absolute path. */
  readonly program: string;
  /** With {words} in them: see commandWords. */
  readonly args: readonly string[];
}

export interface DeliverySettings {
  /** A line on standard error for each change. */
  readonly log: boolean;
  /** A JSON object a line on standard output. */
  readonly stdout: boolean;
  readonly alertmanager: readonly AlertmanagerSettings[];
  readonly webhook: readonly WebhookSettings[];
  readonly command: readonly CommandSettings[];
}

export const defaultDeliverySettings: DeliverySettings = {
  log: true,
  stdout: false,
  alertmanager: [],
  webhook: [],
  command: [],
};

export const receiverDefaults = {
  httpTimeoutMs: 10_000,
  commandTimeoutMs: 30_000,
  queue: 1000,
  retryForMs: 3_600_000,
  /** What Prometheus does (--rules.alert.resend-delay). */
  resendMs: 60_000,
} as const;

/** A hostile or generated file must not make a thousand connections. */
export const deliveryLimits = { receivers: 32, queue: 10_000, args: 64, argCharacters: 1000 } as const;
