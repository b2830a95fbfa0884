/** A rule as the engine knows it: read from YAML once, trusted after. */
import type { SplitCause } from "../events.ts";
import type { FigureName } from "./figures.ts";

export interface Rule {
  readonly name: string;
  readonly figure: FigureName;
  /** Only splits of this cause; null: of all. */
  readonly cause: SplitCause | null;
  /** Fires beyond `value`; clears at `clearAt` or on its quiet side. Between the two a firing rule stays firing. */
  readonly threshold: Threshold;
  /** How long it has to be beyond before it fires, ns of observed time. */
  readonly forNs: bigint;
  /** How long it has to be quiet before it clears, ns of observed time. */
  readonly clearForNs: bigint;
  /** Says it again this often while it lasts, ns; null: once. */
  readonly everyNs: bigint | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Text with {words} in it. */
  readonly message: string;
}

export interface Threshold {
  readonly side: "above" | "below";
  readonly value: number;
  readonly clearAt: number;
}

/** A hostile or generated file must not fill memory. */
export const ruleLimits = {
  rules: 10_000,
  /** 10 000 rules of about ten short lines are under 3 MiB. */
  fileBytes: 4 * 2 ** 20,
  labels: 16,
  labelCharacters: 256,
  messageCharacters: 500,
} as const;

/** What is wrong in a file, and where; line and column count from 1. */
export interface Mistake {
  readonly line: number;
  readonly column: number;
  readonly text: string;
  /** The word that was probably meant. */
  readonly suggestion: string | null;
}
