/**
 * What rows of a trace say: an event, with two differences that keep unchanged holdings from being said again, and pages
 * as bursts, each of which is as many rows as it has pages.
 */
import type { Event, HoldingSample, PageBurst, PageEvent, ProcessId, ScanEvent } from "../events.ts";
import type { Inode, MonotonicNs } from "../units.ts";

/** What the last scan found does not hold any more. */
export interface ReleasedRow extends ProcessId {
  readonly kind: "released";
  readonly at: MonotonicNs;
  readonly inode: Inode;
}

export interface ScanRow extends ScanEvent {
  /** Holdings neither named nor released since the last scan are as they were; else all that there are were named. */
  readonly repeats: boolean;
}

export type Row = Exclude<Event, ScanEvent | PageEvent> | ScanRow | ReleasedRow | PageBurst;

/** One holding for good. */
export const holdingKey = ({ pid, started, inode }: Pick<HoldingSample, "pid" | "started" | "inode">) =>
  `${pid}:${started}:${inode}`;
