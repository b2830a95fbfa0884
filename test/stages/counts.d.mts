/** Types of a stage and its counts, for the JSDoc of the .mjs files and for the tests of counting. */

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  skippedNames: string[];
  /** Name and message of each. */
  failures: string[];
  /** Those that passed only when run again, with the message of the first time. */
  secondAttempts: string[];
}

export type Ability = { ok: true } | { ok: false; reason: string; remedy: string };

export interface Stage {
  readonly name: string;
  /** With CI=true nothing in it may be skipped. */
  readonly mustRun: boolean;
  /** Stages of a lane run in their order, lanes side by side, after all that have none. */
  readonly lane?: string;
  canRun(): Ability;
  run(): Promise<Counts>;
}

export function nothing(): Counts;
export function one(good: boolean): Counts;

/**
 * Whatever cannot be counted is a failure: a report that is missing or says nothing, a file that could not be loaded, a
 * test that never ended, an exit status that no failed test explains.
 * @param report path of what vitest's JSON reporter wrote
 * @param status vitest's exit status
 */
export function countsOf(report: string, status: number | null): Counts;
