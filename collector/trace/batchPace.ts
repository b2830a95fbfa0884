/**
 * When a batch is written. Each costs some five kilobytes before its first row, so an uneventful minute goes into one;
 * what a person would look for after a crash is written within a second, as long as there is credit for it.
 */
import type { RowKind } from "./columns.ts";

/** Not oftener than this, ms. */
export const leastMs = 1_000;
/** No row waits longer, ms. */
export const mostMs = 60_000;
/** What is urgent waits so long when there is no credit, ms. */
const urgentMs = 10_000;
/** One batch ahead of its time is earned in this time, ms. */
const earnedEveryMs = 60_000;
const mostCredit = 120;

const urgentKinds: ReadonlySet<RowKind> = new Set([
  "oomKill",
  "refused",
  "probes",
  "gap",
  "lost",
  "host",
  "clock",
  "plan",
]);
const routineKinds: ReadonlySet<RowKind> = new Set(["kernel", "self", "tick", "scan", "fileSize", "requests"]);

export class BatchPace {
  #credit = mostCredit;
  #earnedAt: number;
  #writtenAt: number;
  /** The first row that waits came then; undefined: none waits. */
  #since: number | undefined;
  #urgent = false;
  #eventful = false;
  /** Many rows of a kind come one after the other. */
  #noted: RowKind | undefined;

  constructor(nowMs: number) {
    this.#earnedAt = nowMs;
    this.#writtenAt = nowMs - leastMs;
  }

  /** The first row since the last batch came. */
  begin(nowMs: number): void {
    this.#since = nowMs;
  }

  note(kind: RowKind): void {
    if (kind === this.#noted) return;
    this.#noted = kind;
    this.#urgent ||= urgentKinds.has(kind);
    this.#eventful ||= !routineKinds.has(kind);
  }

  /** When what waits is to be written, ms; undefined when nothing waits. */
  due(nowMs: number): number | undefined {
    if (this.#since === undefined) return undefined;
    this.#earn(nowMs);
    const soon = this.#eventful && this.#credit >= 1;
    const wait = soon ? leastMs : this.#urgent ? urgentMs : mostMs;
    return Math.max(
      this.#writtenAt + leastMs,
      Math.min(this.#since + mostMs, (soon ? this.#writtenAt : this.#since) + wait),
    );
  }

  written(nowMs: number): void {
    if (this.#since !== undefined && nowMs < this.#since + mostMs) this.#credit = Math.max(0, this.#credit - 1);
    this.#writtenAt = nowMs;
    this.#since = undefined;
    this.#urgent = false;
    this.#eventful = false;
    this.#noted = undefined;
  }

  #earn(nowMs: number): void {
    const earned = (nowMs - this.#earnedAt) / earnedEveryMs;
    this.#credit = Math.min(mostCredit, this.#credit + earned);
    this.#earnedAt = nowMs;
  }
}
