/** Snapshots in, alerts out. No clock is asked: the same snapshots give the same alerts, live or replayed. */
import { isDeepStrictEqual } from "node:util";
import type { Snapshot } from "../snapshot.ts";
import type { Reading } from "./figures/reading.ts";
import { figures } from "./figures.ts";
import { History } from "./history.ts";
import { fillMessage } from "./message.ts";
import type { Rule } from "./rule.ts";
import { type Change, RuleState, type Said } from "./ruleState.ts";

export const alertSchema = "secretscope.alert/1";

export interface Alert extends Said {
  readonly schema: typeof alertSchema;
  readonly rule: string;
  readonly change: Change;
  /** ISO 8601 and CLOCK_MONOTONIC ns, both of the snapshot. */
  readonly time: string;
  readonly monotonicNs: string;
  readonly figure: string;
  /** Now; when it cleared, `who` and `message` are those that were last told. */
  readonly value: number | null;
  readonly labels: Readonly<Record<string, string>>;
}

export class AlertEngine {
  #states: readonly RuleState[];
  readonly #history = new History();

  constructor(rules: readonly Rule[]) {
    this.#states = rules.map((rule) => new RuleState(rule));
  }

  get states(): readonly RuleState[] {
    return this.#states;
  }

  /** Other rules from now on. One that stays as it was goes on where it is; what the figures remember stays too. */
  replaceRules(rules: readonly Rule[]): void {
    const before = new Map(this.#states.map((state) => [state.rule.name, state]));
    this.#states = rules.map((rule) => {
      const state = before.get(rule.name);
      return state !== undefined && isDeepStrictEqual(state.rule, rule) ? state : new RuleState(rule);
    });
  }

  /** To be called with each snapshot once, in order. @returns what changed, in the order of the rules */
  observe(snapshot: Snapshot): Alert[] {
    const stepNs = this.#history.observe(snapshot);
    // Ten thousand rules share a dozen figures.
    const known = new Map<string, Reading>();
    const read = (figure: Rule["figure"], cause: Rule["cause"] = null): Reading => {
      const key = cause === null ? figure : `${figure} ${cause}`;
      const reading = known.get(key) ?? figures[figure].read(snapshot, this.#history, cause);
      known.set(key, reading);
      return reading;
    };
    const alerts: Alert[] = [];
    for (const state of this.#states) {
      const { rule } = state;
      const reading = read(rule.figure, rule.cause);
      const change = state.step(reading.value, stepNs);
      if (change === undefined) continue;
      const now: Said = { who: reading.who, message: fillMessage(rule, reading, snapshot, read) };
      // What is over is named as it was last told: now the figure is nobody's any more.
      const said = change === "cleared" ? (state.said ?? now) : now;
      state.said = said;
      alerts.push({
        schema: alertSchema,
        rule: rule.name,
        change,
        time: snapshot.time,
        monotonicNs: snapshot.monotonicNs,
        figure: rule.figure,
        value: reading.value,
        labels: rule.labels,
        ...said,
      });
    }
    return alerts;
  }
}
