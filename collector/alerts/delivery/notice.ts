/** What receivers are told: what the engine yields, with what a reader elsewhere needs besides: which host, since when. */
import type { Snapshot } from "../../snapshot.ts";
import type { Alert } from "../engine.ts";
import type { Change } from "../ruleState.ts";

export interface AlertNotice extends Alert {
  /** The same in every attempt to deliver this notice: a receiver that gets it twice can tell. */
  readonly id: string;
  readonly status: "firing" | "resolved";
  /** Host name: text of whoever runs the machine. */
  readonly host: string;
  /** When it fired, ISO 8601; `time` is when it fired, was repeated, or cleared. */
  readonly startedAt: string;
}

/** Remembers since when each rule has been firing; as many as there are rules. */
export class Notices {
  readonly #started = new Map<string, string>();

  /** @param alerts what `AlertEngine.observe(snapshot)` returned */
  of(alerts: readonly Alert[], snapshot: Snapshot): AlertNotice[] {
    return alerts.map((alert) => {
      if (alert.change === "fired") this.#started.set(alert.rule, alert.time);
      const startedAt = this.#started.get(alert.rule) ?? alert.time;
      if (alert.change === "cleared") this.#started.delete(alert.rule);
      return {
        ...alert,
        id: idOf(alert.change, alert.rule, snapshot.host.bootId, alert.monotonicNs),
        status: alert.change === "cleared" ? "resolved" : "firing",
        host: snapshot.host.name,
        startedAt,
      };
    });
  }
}

const idOf = (change: Change, rule: string, bootId: string, monotonicNs: string) =>
  `${bootId}/${rule}/${monotonicNs}/${change}`;

/**
 * The end of an alert whose rule went away while it was firing (a new configuration): nobody will see it clear.
 * @param last the newest notice of that rule
 */
export function withdrawn(last: AlertNotice, { time, monotonicNs, host }: Snapshot): AlertNotice {
  return {
    ...last,
    id: idOf("cleared", last.rule, host.bootId, monotonicNs),
    change: "cleared",
    status: "resolved",
    time,
    monotonicNs,
    value: null,
    who: null,
    message: "withdrawn: this rule, as it was, is not part of the configuration any more",
  };
}
