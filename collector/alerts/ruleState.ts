/**
 * One rule through time. Only observed time counts: what nobody saw (a gap) and what nobody knows (a figure that is
 * null) brings a rule neither nearer to firing nor nearer to clearing.
 */
import type { Rule } from "./rule.ts";

export type AlertState = "inactive" | "pending" | "firing" | "unknown";
export type Change = "fired" | "repeated" | "cleared";

export interface Said {
  /** Whom it is about: hostile text. */
  readonly who: string | null;
  /** Holds names as the kernel gives them: hostile text. */
  readonly message: string;
}

export class RuleState {
  readonly rule: Rule;
  /** When it last fired or was repeated. */
  said: Said | undefined;
  #phase: "inactive" | "pending" | "firing" = "inactive";
  #known = false;
  /** Of `for` while pending, of `clear` while firing; null: it is not on its way to clear. */
  #heldNs: bigint | null = null;
  #sinceSaidNs = 0n;

  constructor(rule: Rule) {
    this.rule = rule;
  }

  get state(): AlertState {
    return this.#known ? this.#phase : "unknown";
  }

  /** Has fired and not cleared, whether or not its figure is known now. */
  get isFiring(): boolean {
    return this.#phase === "firing";
  }

  /** @param stepNs observed since the step before; 0 after a gap */
  step(value: number | null, stepNs: bigint): Change | undefined {
    const credit = this.#known ? stepNs : 0n;
    this.#known = value !== null;
    if (value === null) return undefined;
    return this.#phase === "firing" ? this.#stepFiring(value, credit) : this.#stepQuiet(value, credit);
  }

  #stepQuiet(value: number, credit: bigint): Change | undefined {
    const { threshold, forNs } = this.rule;
    const isBeyond = threshold.side === "above" ? value > threshold.value : value < threshold.value;
    if (!isBeyond) {
      this.#phase = "inactive";
      return undefined;
    }
    this.#heldNs = this.#phase === "pending" ? (this.#heldNs ?? 0n) + credit : 0n;
    this.#phase = "pending";
    if (this.#heldNs < forNs) return undefined;
    this.#phase = "firing";
    this.#heldNs = null;
    this.#sinceSaidNs = 0n;
    return "fired";
  }

  #stepFiring(value: number, credit: bigint): Change | undefined {
    const { threshold, clearForNs, everyNs } = this.rule;
    const isCalm = threshold.side === "above" ? value <= threshold.clearAt : value >= threshold.clearAt;
    this.#sinceSaidNs += credit;
    if (isCalm) {
      this.#heldNs = this.#heldNs === null ? 0n : this.#heldNs + credit;
      if (this.#heldNs < clearForNs) return undefined;
      this.#phase = "inactive";
      this.#heldNs = null;
      return "cleared";
    }
    this.#heldNs = null;
    if (everyNs === null || this.#sinceSaidNs < everyNs) return undefined;
    this.#sinceSaidNs = 0n;
    return "repeated";
  }
}
