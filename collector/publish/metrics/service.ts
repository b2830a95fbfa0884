/** The service itself: which one it is, its configuration, its rules, and how its deliveries are doing. */
import type { DeliveryStatus } from "../../alerts/delivery/receiver.ts";
import type { AlertState } from "../../alerts/ruleState.ts";
import type { Families, Series } from "./families.ts";

/** A rule and where it stands. */
interface RuleView {
  readonly rule: { readonly name: string };
  readonly state: AlertState;
  readonly isFiring: boolean;
}

export interface ServiceFigures {
  readonly version: string;
  /** Seconds since 1970. */
  readonly startedAt: number;
  readonly configuration: { readonly lastReloadSuccessful: boolean; readonly lastSuccessAt: number };
  readonly rules: readonly RuleView[];
  readonly deliveries: readonly DeliveryStatus[];
}

/** Ten thousand rules are allowed; series for each are not. */
export const mostRuleSeries = 500;

export function writeService(families: Families, { version, startedAt, configuration }: ServiceFigures): void {
  families.gauge("secretscope_build_info", "Which secretscope this is, on which Node.", [
    { labels: { version, node: process.versions.node }, value: 1 },
  ]);
  families.gauge(
    "process_start_time_seconds",
    "When secretscope started. Counters that say so begin at 0 then; changes of it are restarts.",
    startedAt,
  );
  families.gauge(
    "secretscope_config_last_reload_successful",
    "1: the configuration in force is the one that was read last. 0: that one has a mistake, the one before is kept; the log says where.",
    Number(configuration.lastReloadSuccessful),
  );
  families.gauge(
    "secretscope_config_last_reload_success_timestamp_seconds",
    "When the configuration in force was read.",
    configuration.lastSuccessAt,
  );
}

export function writeAlerts(families: Families, { rules }: ServiceFigures): void {
  families.gauge(
    "secretscope_alert_firing",
    `1 while a rule fires, 0 while it does not. With more than ${mostRuleSeries} rules: only those that fire.`,
    (rules.length > mostRuleSeries ? rules.filter(({ isFiring }) => isFiring).slice(0, mostRuleSeries) : rules).map(
      ({ rule, isFiring }): Series => ({ labels: { rule: rule.name }, value: Number(isFiring) }),
    ),
  );
  const count = (state: AlertState) => rules.reduce((sum, rule) => sum + Number(rule.state === state), 0);
  families.gauge(
    "secretscope_alert_rules",
    "Rules by state. unknown: the figure of the rule is not known, so it neither fires nor clears; secretscope doctor says what is missing.",
    (["inactive", "pending", "firing", "unknown"] as const).map((state) => ({
      labels: { state },
      value: count(state),
    })),
  );
}

export function writeDeliveries(families: Families, { deliveries }: ServiceFigures): void {
  const each = (figure: (status: DeliveryStatus) => number): Series[] =>
    deliveries.map((status) => ({ labels: { receiver: status.name, kind: status.kind }, value: figure(status) }));
  families.counter(
    "secretscope_notifications_sent_total",
    "Notices that a receiver took.",
    each(({ sent }) => sent),
  );
  families.counter(
    "secretscope_notifications_failed_total",
    "Attempts that failed; they are made again. Growing: the receiver is down, /healthz says how it answers.",
    each(({ failed }) => failed),
  );
  families.counter(
    "secretscope_notifications_dropped_total",
    "Notices given up: too old, or the queue was full. Each is an alert that nobody heard there.",
    each(({ dropped }) => dropped),
  );
  families.gauge(
    "secretscope_notifications_queued",
    "Notices that wait for a receiver.",
    each(({ queued }) => queued),
  );
}
