/**
 * The ledger as data, at one time: what every screen, command, alert and metric is made from, and what --json prints.
 * Sizes are integers in bytes, times ISO 8601 plus monotonic ns as a decimal string; unknown is null and never 0.
 * Fields may be added; a rename or a removal is a new schema number.
 */
import type {
  Accounting,
  Blind,
  Fact,
  OomConstraint,
  PageSize,
  RefusedSample,
  Route,
  SplitCause,
  SplitLevel,
} from "./events.ts";

export const snapshotSchema = "secretscope.snapshot/1";

export interface Snapshot {
  readonly schema: typeof snapshotSchema;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly monotonicNs: string;
  readonly host: HostView;
  readonly evidence: Evidence;
  readonly directMap: DirectMapView;
  readonly splitCauses: readonly SplitCauseView[];
  readonly secret: SecretView;
  readonly oom: OomView;
  readonly hibernation: HibernationView;
  readonly requests: readonly RequestView[];
  readonly self: SelfView;
}

export interface HostView {
  readonly name: string;
  readonly kernel: string;
  readonly bootId: string;
  readonly memoryBytes: number;
  readonly accounting: Accounting | null;
  /** Names here and below are pseudonyms: this is from a recording made with --redact. */
  readonly redacted: boolean;
}

export interface Evidence {
  readonly route: { readonly pages: Route | null; readonly splits: Route | null; readonly oom: Route | null } & {
    readonly [fact in Exclude<Fact, "pages" | "splits" | "oom">]?: Route | null;
  };
  /** Every figure below is exact, as far as the route can tell. When false, `why` says what is not. */
  readonly complete: boolean;
  /** One line for each reason why not complete. */
  readonly why: readonly string[];
  /** The worst of `reasons`; complete: there are none. */
  readonly word: EvidenceWord;
  /**
   * The lines of `why` with their kinds; then what makes no figure wrong: the probes were started again ("restart"), and
   * what no probe sees here ("blind").
   */
  readonly reasons: readonly EvidenceReason[];
  /** Printed lines that bpftrace said were lost; the counters heal, names and times of single events may be missing. */
  readonly lost: number;
  /** Splits that /proc/vmstat counted since start and no stack explains: attributed + this = the difference. null: no split counters. */
  readonly unattributedSplits: number | null;
  /** How often the kernel program had to be started again. */
  readonly restarts: number;
  readonly gaps: readonly { readonly from: string; readonly to: string; readonly reason: string }[];
  readonly blind: readonly Blind[];
  /** Pages by which /proc and the counters differ at the last reconciliation; null before the first. */
  readonly differencePages: number | null;
  /** Age of the last look at who holds what, in ms; null before the first. */
  readonly scanAgeMs: number | null;
  /** Processes nobody could look into. */
  readonly hiddenProcesses: number;
  /** /proc does not even list all processes (hidepid, a pid namespace): holders may be missing, nobody can say how many. */
  readonly unlistedProcesses: boolean;
}

/** lossy: something did not arrive; late: figures are old; partial: something cannot be seen, or not be explained. */
export type EvidenceWord = "complete" | "late" | "lossy" | "partial";

export type EvidenceReasonKind =
  /** The kernel program does not run. */
  | "detached"
  /** Counters, or the look at who holds what, are old. */
  | "late"
  | "oldScan"
  /** Nothing was seen for a while. */
  | "gap"
  | "restart"
  /** Printed lines; keys of a full map in the kernel; lines that could not be read. */
  | "lost"
  | "mapFull"
  | "unreadable"
  /** Files without a figure; with one from before a gap; not kept apart. */
  | "unmeasured"
  | "unverified"
  | "tooManyFiles"
  /** The counters and the kernel's own figure differ. */
  | "difference"
  /** Splits without a cause; causes without a split. */
  | "unattributed"
  | "overattributed"
  /** Processes that could not be looked into. */
  | "hidden"
  /** Descriptors that were on their way through sockets when it began. */
  | "inFlight"
  /** No probe sees it here. */
  | "blind";

export interface EvidenceReason {
  readonly kind: EvidenceReasonKind;
  readonly text: string;
}

type BySplitLevel = Readonly<Record<SplitLevel, number | null>>;

export interface DirectMapView {
  /** Size of the direct map mapped by each page size, now; null where the architecture does not say. */
  readonly bytes: Readonly<Record<PageSize, number | null>>;
  /** Since boot. */
  readonly splits: BySplitLevel;
  readonly collapses: BySplitLevel;
  readonly sinceStart: {
    readonly splits: BySplitLevel;
    /** Part of `splits` that attaching secretscope's own probes caused. */
    readonly own: BySplitLevel;
  };
}

export interface SplitCauseView {
  readonly cause: SplitCause;
  readonly pid: number;
  readonly comm: string;
  readonly level: SplitLevel | null;
  readonly count: number;
  readonly stack: readonly string[];
  /** True when secretscope itself is the cause. */
  readonly own: boolean;
  /** When the count last grew. */
  readonly last: string;
}

export interface SecretView {
  /** All pages of secret files that exist now. null: nothing can count them. */
  readonly residentBytes: number | null;
  /**
   * Of them: no process has the file open or mapped (in flight in a socket, or held by the kernel). null: nothing counts
   * pages now, or not every process is listed.
   */
  readonly unheldBytes: number | null;
  readonly holders: readonly HolderView[];
  /**
   * Which cgroups pay for secret memory that came since start, largest first. null: nothing counts pages now, or not
   * every process is listed.
   */
  readonly charges: readonly ChargeView[] | null;
  readonly files: readonly FileView[];
  /**
   * What the kernel turned down since start, in all, largest first: also of processes that hold nothing, that ended, or
   * that are no longer kept apart. It never shrinks.
   */
  readonly refusals: readonly RefusalView[];
  /** Who was turned down, holder or not, latest first; no more than `mostRefusedProcesses`. */
  readonly refusedProcesses: readonly RefusedProcessView[];
}

/** Entries of `refusedProcesses`: older ones are left out, their counts are in `refusals`. */
export const mostRefusedProcesses = 256;

export interface RefusalView {
  /** A creation, a mapping, or a fault (the touch of a page). */
  readonly what: RefusedSample["what"];
  /** Name of the errno, or SIGBUS. */
  readonly code: string;
  readonly count: number;
}

export interface RefusedProcessView extends RefusalView {
  readonly pid: number;
  readonly startTicks: number;
  /** Empty when nobody told its name. */
  readonly comm: string;
  readonly uid: number | null;
  /** When the count last grew. */
  readonly last: string;
}

export interface HolderView {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: with the pid it names one process for good. */
  readonly startTicks: number;
  readonly comm: string;
  readonly uid: number | null;
  readonly cgroup: string | null;
  /** Pages that this process has mapped and that exist; null when not readable. */
  readonly residentBytes: number | null;
  /** The same, each page divided by how many processes map it. */
  readonly proportionalBytes: number | null;
  /** Pages of living files that this process's faults created, mapped or not; null without counters. */
  readonly allocatedBytes: number | null;
  readonly descriptors: number;
  readonly mappings: number;
  /** Size of its mappings, touched or not: what the old accounting model counts against the limit. */
  readonly mappedBytes: number;
  /** RLIMIT_MEMLOCK; null means unknown, "unlimited" no limit. */
  readonly memlockLimitBytes: number | "unlimited" | null;
  /** Creations, mappings and faults that the kernel turned down since start. */
  readonly refused: number;
  /** The same by kind, largest first. */
  readonly refusals: readonly RefusalView[];
}

export interface ChargeView {
  /** Where the page was first touched: it counts against that limit until it is freed. null: nobody can say where. */
  readonly cgroup: string | null;
  readonly bytes: number;
  /** Of them: in files that no process of this cgroup, or of one below, has open or mapped; null without a cgroup. */
  readonly withoutHolderBytes: number | null;
}

export interface FileView {
  /** major:minor as in /proc/PID/maps. */
  readonly device: string;
  readonly inode: number;
  /** null when it was made before secretscope started. */
  readonly creatorPid: number | null;
  readonly residentBytes: number | null;
  readonly holders: readonly number[];
}

export interface OomView {
  /** Since boot, /proc/vmstat oom_kill. */
  readonly kills: number | null;
  readonly recent: readonly OomKillView[];
}

export interface OomKillView {
  readonly time: string;
  readonly victim: {
    readonly pid: number;
    readonly comm: string;
    readonly uid: number | null;
    readonly cgroup: string | null;
  };
  readonly trigger: { readonly pid: number; readonly comm: string };
  readonly constraint: OomConstraint | null;
  /** The cgroup whose limit was hit; null for a global OOM. */
  readonly cgroup: string | null;
  /** Secret memory when the victim was chosen. */
  readonly secretResidentBytes: number | null;
  /** Of it, freed by the victim's end: 0 is a futile kill as far as secret memory goes. */
  readonly secretFreedBytes: number | null;
}

export interface HibernationView {
  /** The kernel refuses hibernation while any secret file is open (mm/secretmem.c: secretmem_active). null: cannot tell. */
  readonly blocked: boolean | null;
  readonly by: readonly number[];
}

export interface RequestView {
  readonly function: string;
  readonly result: string;
  readonly count: number;
  readonly averageNs: number | null;
}

export interface SelfView {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly probeNsPerEvent: number | null;
}
