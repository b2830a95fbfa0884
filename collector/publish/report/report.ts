/**
 * A report: one recording in one object, what `secretscope report --json` prints. Sizes are bytes, times ISO 8601, unknown
 * is null and never 0. Fields may be added; a rename or a removal is a new schema number.
 */
import type { PageSize, RefusedSample, SplitCause, SplitLevel } from "../../events.ts";
import type { Evidence, HostView, OomKillView, RefusalView } from "../../snapshot.ts";

export const reportSchema = "secretscope.report/1";

export interface Report {
  readonly schema: typeof reportSchema;
  readonly period: Period;
  readonly host: HostView;
  readonly recording: RecordingState;
  /** As at the end; lost, restarts, gaps and unattributedSplits are those of the period. */
  readonly evidence: Evidence;
  readonly directMap: DirectMapChange;
  readonly splits: SplitChange;
  readonly secret: SecretChange;
  readonly refusals: RefusalChange;
  readonly oom: OomReport;
  /** Single pages; null: recorded without --detail page. */
  readonly pages: PageReport | null;
}

export interface Period {
  /** null: the recording says nothing of the time of day. */
  readonly from: string | null;
  readonly to: string | null;
  readonly durationMs: number;
  readonly samples: number;
}

export interface RecordingState {
  /** cut: its end is missing. */
  readonly end: "whole" | "cut";
  readonly damage: readonly {
    readonly from: string | null;
    readonly to: string | null;
    readonly batch: number | null;
    readonly reason: string;
  }[];
}

export type ByLevel = Readonly<Record<SplitLevel, number | null>>;
type ByPageSize = Readonly<Record<PageSize, number | null>>;

export interface DirectMapChange {
  readonly begin: ByPageSize;
  readonly end: ByPageSize;
  readonly splits: ByLevel;
  readonly collapses: ByLevel;
}

/** attributed + unattributed = kernel, always; the counts of the causes add up to attributed. */
export interface SplitChange {
  /** What the kernel counted itself, both levels; null: it does not count. */
  readonly kernel: number | null;
  readonly attributed: number;
  /** Below zero: more stacks than splits (see ledger/splits.ts). */
  readonly unattributed: number | null;
  /** Largest first. */
  readonly causes: readonly CauseShare[];
}

export interface CauseShare {
  readonly cause: SplitCause;
  /** By secretscope itself. */
  readonly own: boolean;
  readonly count: number;
  /** Largest first; empty when own. pid 0 without a name: several, no longer told apart. */
  readonly processes: readonly { readonly pid: number; readonly comm: string; readonly count: number }[];
  readonly left: Left;
}

/** What a list leaves out. */
export interface Left {
  readonly entries: number;
  readonly count: number;
}

export interface SecretChange {
  readonly beginBytes: number | null;
  readonly endBytes: number | null;
  readonly peakBytes: number | null;
  readonly peakTime: string | null;
  /** How many processes were seen holding secret memory. */
  readonly holders: number;
  readonly byPeak: readonly HolderChange[];
  /** Only those that held more at the end than at the beginning. */
  readonly byGrowth: readonly HolderChange[];
}

export interface HolderChange {
  readonly pid: number;
  readonly startTicks: number;
  readonly comm: string;
  readonly uid: number | null;
  readonly cgroup: string | null;
  /** At the first look at /proc; 0 when it held nothing then, null when it could not be read. */
  readonly beginBytes: number | null;
  readonly peakBytes: number | null;
  readonly peakTime: string | null;
  /** 0: it holds nothing any more. */
  readonly endBytes: number | null;
  readonly growthBytes: number | null;
}

export interface RefusalChange {
  /** All of the period, whoever it was. */
  readonly count: number;
  /** The same by kind, largest first. */
  readonly kinds: readonly RefusalView[];
  /** How many processes are told apart. */
  readonly processes: number;
  /** More processes were refused than the ledger keeps apart: some are counted in `count` and `left` only. */
  readonly full: boolean;
  /** Largest first. */
  readonly list: readonly Refusal[];
  readonly left: Left;
}

export interface Refusal {
  readonly pid: number;
  readonly comm: string;
  readonly uid: number | null;
  readonly what: RefusedSample["what"];
  readonly code: string;
  readonly count: number;
}

export interface PageReport {
  /** Pages taken out of the direct map in the period, and given back, as far as their lines arrived. */
  readonly taken: number;
  readonly takenBytes: number;
  readonly freed: number;
  /** What the counters say of both, which lose nothing: the difference was lost. null: the recording continues another. */
  readonly countedTaken: number | null;
  readonly countedFreed: number | null;
  /** 2M blocks of physical memory that pages were taken from. */
  readonly blocks: number;
  /** There were more: what follows leaves them out. */
  readonly full: boolean;
  /** Pages taken of a block: in the middle, and the most. A page that was taken twice counts twice. */
  readonly medianPerBlock: number | null;
  readonly mostPerBlock: number | null;
  /** Who took most, most first. */
  readonly processes: readonly { readonly pid: number; readonly comm: string; readonly pages: number }[];
  readonly files: readonly { readonly inode: number; readonly pages: number }[];
}

export interface OomReport {
  /** What the kernel counted (/proc/vmstat); null: it does not, or did not at the beginning. */
  readonly kernel: number | null;
  /** The first ones that were seen. */
  readonly kills: readonly KillReport[];
}

export interface KillReport extends Omit<OomKillView, "time"> {
  /** null: the wall clock of that moment is not known. */
  readonly time: string | null;
  /** What the victim had mapped at the last sample before; null: not known. */
  readonly victimHeldBytes: number | null;
  /** Who really held secret memory at the last sample before, largest first; null: there was none before. */
  readonly holders:
    | readonly { readonly pid: number; readonly comm: string; readonly residentBytes: number | null }[]
    | null;
  readonly holdersLeft: number;
}

/** Lists of a report are no longer than this. */
export const mostListed = 100;
