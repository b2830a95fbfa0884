/** Alert rules, judged on every snapshot: what fires, and what a person should read of it. */
import { AlertEngine } from "../../../collector/alerts/engine.ts";
import type { Rule } from "../../../collector/alerts/rule.ts";
import { defaultRulesPath, readRuleFile } from "../../../collector/alerts/ruleFile.ts";
import type { Snapshot } from "../../../collector/snapshot.ts";
import type { Happening } from "./log.ts";

let defaultRules: readonly Rule[] | undefined;

export class Alerts {
  readonly #engine: AlertEngine;

  /** @param rules left out: those that secretscope comes with, read once for all replays */
  constructor(rules?: readonly Rule[]) {
    defaultRules ??= readRuleFile(defaultRulesPath).rules;
    this.#engine = new AlertEngine(rules ?? defaultRules);
  }

  /** Names of rules that have fired and not cleared. */
  get firing(): readonly string[] {
    return this.#engine.states.filter(({ isFiring }) => isFiring).map(({ rule }) => rule.name);
  }

  /** What changed; a rule that repeats itself is in the log already. */
  observe(snapshot: Snapshot): Happening[] {
    return this.#engine
      .observe(snapshot)
      .filter(({ change }) => change !== "repeated")
      .map(({ change, rule, message, labels, time }) => ({
        time,
        weight: change === "cleared" ? "normal" : labels.severity === "critical" ? "bad" : "warning",
        what: "alert",
        text: change === "cleared" ? `resolved: ${rule}` : `${rule}: ${message}`,
        pid: null,
      }));
  }
}
