/** What rules would have said about a recording: the engine of live, fed from a trace. */
import type { ReplayObservation } from "../sources/trace-file/observation.ts";
import { type Alert, AlertEngine } from "./engine.ts";
import type { Rule } from "./rule.ts";
import type { AlertState } from "./ruleState.ts";

export interface RuleOutcome {
  readonly rule: string;
  readonly figure: string;
  /** At the end of the recording. */
  readonly state: AlertState;
  /** Fired and did not clear before the end. */
  readonly firing: boolean;
  readonly fired: number;
  readonly cleared: number;
  /** In how many samples the figure was known; 0: this recording says nothing about the rule. */
  readonly knownSamples: number;
}

interface Tally {
  fired: number;
  cleared: number;
  knownSamples: number;
}

export class Backtest {
  readonly #engine: AlertEngine;
  readonly #tallies: Map<string, Tally>;
  #samples = 0;

  constructor(rules: readonly Rule[]) {
    this.#engine = new AlertEngine(rules);
    this.#tallies = new Map(rules.map(({ name }) => [name, { fired: 0, cleared: 0, knownSamples: 0 }]));
  }

  /** One turn for each sample of the trace, from where it stands, with what changed in it. */
  *run(trace: ReplayObservation): Generator<readonly Alert[], void, undefined> {
    do {
      const alerts = this.#engine.observe(trace.snapshot());
      this.#samples++;
      for (const { rule, change } of alerts) {
        const tally = this.#tallies.get(rule);
        if (tally !== undefined && change !== "repeated") tally[change]++;
      }
      for (const { rule, state } of this.#engine.states) {
        const tally = this.#tallies.get(rule.name);
        if (tally !== undefined && state !== "unknown") tally.knownSamples++;
      }
      yield alerts;
    } while (trace.step());
  }

  get samples(): number {
    return this.#samples;
  }

  get outcomes(): RuleOutcome[] {
    return this.#engine.states.map(({ rule, state, isFiring }) => ({
      rule: rule.name,
      figure: rule.figure,
      state,
      firing: isFiring,
      ...(this.#tallies.get(rule.name) ?? { fired: 0, cleared: 0, knownSamples: 0 }),
    }));
  }
}
