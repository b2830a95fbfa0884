/** A part of a trace that cannot be read, or must not be believed. Caught where reading can go on after it. */
export class Damaged extends Error {
  override readonly name = "Damaged";
}

/** What of a trace could not be read, and when that was. */
export interface Damage {
  /** Times between which rows are missing, ns; null: not known, since nothing whole comes before or after. */
  readonly from: bigint | null;
  readonly to: bigint | null;
  /** Where in the file, bytes. */
  readonly offset: number;
  readonly length: number;
  /** Number of the batch, where its head could be read. */
  readonly batch: number | null;
  readonly reason: string;
}
