/**
 * The vocabulary: all that can reach the ledger, declared once. Sources make these, the trace stores these, the
 * ledger adds them up; nothing else passes between them.
 *
 * A *sample* reads a cumulative or absolute figure: losing one costs latency, never truth. An *event* happened once.
 * Times are CLOCK_MONOTONIC. Figures of a counter are totals since the probes of that epoch were attached; an epoch
 * is one life of the kernel program, and counters start at zero in each.
 */
import type { Accounting, Blind, Fact, Route, SplitCause, SplitLevel } from "../probes/words.ts";
import type { Block, Bytes, Inode, MonotonicNs, Pages, Pid, StartTicks, WallMs } from "./units.ts";

export type { Accounting, Blind, Fact, Route, SplitCause, SplitLevel };

/** One process for good: pids are reused, (pid, start) is not. */
export interface ProcessId {
  readonly pid: Pid;
  readonly started: StartTicks;
}

export type PageSize = "4k" | "2m" | "1g";

/** Which limit was hit when the OOM killer ran. */
export type OomConstraint = "none" | "memcg" | "cpuset" | "mempolicy";

interface At {
  /** CLOCK_MONOTONIC ns when it happened or was read. */
  readonly at: MonotonicNs;
}

/** The machine, said once at the start and again when something of it changes. Source: uname, /proc, a canary. */
export interface HostEvent extends At {
  readonly kind: "host";
  readonly name: string;
  readonly kernel: string;
  readonly bootId: string;
  readonly memoryBytes: Bytes;
  readonly pageBytes: Bytes;
  /** null: secret memory is not available, or no canary could be made. */
  readonly accounting: Accounting | null;
  /** major:minor of the one superblock that all secret files live on; null when not known. */
  readonly secretDevice: string | null;
  /** Only from a recording: names of this machine, its processes, users and cgroups are pseudonyms. */
  readonly redacted?: boolean;
}

/** Ties the two clocks together; again after a clock step. */
export interface ClockEvent extends At {
  readonly kind: "clock";
  readonly wall: WallMs;
}

/** By which route each fact is learned, and what will not be seen. Source: the plan. */
export interface PlanEvent extends At {
  readonly kind: "plan";
  readonly routes: Partial<Record<Fact, Route>>;
  readonly blind: readonly Blind[];
  /** How often the counters are read, ms. */
  readonly intervalMs: number;
  /** Descriptors in flight in sockets since before the probes: secret files among them are not known. Absent: none. */
  readonly inFlight?: number;
}

/** The kernel program: attached (a new epoch begins), lost (it died), stopped (we ended it), failed (it cannot start). */
export interface ProbesEvent extends At {
  readonly kind: "probes";
  readonly state: "attached" | "lost" | "stopped" | "failed";
  readonly epoch: number;
  /** bpftrace's own pid: splits and secret pages under it are ours. */
  readonly pid: Pid | null;
  readonly reason: string;
}

/** All counters of one reading were received: what came before it is one consistent sample. Source: interval probe. */
export interface TickEvent extends At {
  readonly kind: "tick";
  readonly epoch: number;
  readonly sequence: number;
}

/** Sample: pages of a secret file that this process's faults created, since the epoch began. */
export interface AllocatedSample extends At, ProcessId {
  readonly kind: "allocated";
  readonly epoch: number;
  readonly inode: Inode;
  readonly pages: Pages;
}

/** Sample: pages of a secret file that were freed, since the epoch began; kill > 0: freed by the victim of that OOM kill. */
export interface FreedSample extends At {
  readonly kind: "freed";
  readonly epoch: number;
  readonly inode: Inode;
  readonly kill: number;
  readonly pages: Pages;
}

/**
 * Absolute: how many pages the file has now (address_space.nrpages, or cachestat(2)), whoever made them.
 * It gives files that were there before the probes their baseline, and checks the counters of all.
 */
export interface FileSizeSample extends At {
  readonly kind: "fileSize";
  readonly inode: Inode;
  readonly pages: Pages;
}

interface OfPages extends At, ProcessId {
  readonly inode: Inode;
  /** Out of the direct map, by the fault that made it. false: given back, by whoever let go of the file last. */
  readonly taken: boolean;
}

/** One page, told only with `--detail page`; figures are made of counters. Source: filemap:mm_filemap_add_to_page_cache. */
export interface PageEvent extends OfPages {
  readonly kind: "page";
  /** 2M block of physical memory that it lies in. */
  readonly block: Block;
}

/** Pages as a trace gives them, many in one: of one process, file and direction, in the order of time. */
export interface PageBurst extends OfPages {
  readonly kind: "pageBurst";
  /** `at` is the first page's time; these are ns from each page to the next, the first one's is 0. */
  readonly steps: Uint32Array;
  readonly blocks: Uint32Array;
}

/** Sample: splits by one process through one kernel stack, in one generation of the kernel's map (emptied once read whole). */
export interface SplitSample extends At, ProcessId {
  readonly kind: "split";
  /** The generation: grows with each emptying and each new start of the probes. */
  readonly epoch: number;
  readonly cause: SplitCause;
  /** null where the route counts page-table pages and cannot tell the level. */
  readonly level: SplitLevel | null;
  /** symbol+0x1f, innermost first; never an address. */
  readonly stack: readonly string[];
  readonly count: number;
}

/** Sample: what the kernel turned down, since the epoch began. code: an errno name, or SIGBUS. */
export interface RefusedSample extends At, ProcessId {
  readonly kind: "refused";
  readonly epoch: number;
  readonly what: "create" | "map" | "fault";
  readonly code: string;
  readonly count: number;
}

/** Sample, function route only: requests to change the direct map, and secretmem_fault's returns and latency. */
export interface RequestSample extends At {
  readonly kind: "requests";
  readonly epoch: number;
  /** The kernel function: set_direct_map_invalid_noflush, set_direct_map_default_noflush, secretmem_fault. */
  readonly function: string;
  /** Return value as text: 0, -ENOMEM, VM_FAULT_SIGBUS. */
  readonly result: string;
  readonly count: number;
  /** Sum of the time inside, ns; null where not measured. */
  readonly totalNs: number | null;
}

/** A secret file was made. Source: sys_exit_memfd_secret with a descriptor. */
export interface CreatedEvent extends At, ProcessId {
  readonly kind: "created";
  readonly inode: Inode;
}

/** Who a process is. Said when first met and when it is renamed; comm is hostile text, decoded and otherwise raw. */
export interface ProcessEvent extends At, ProcessId {
  readonly kind: "process";
  readonly comm: string;
  readonly uid: number | null;
  /** Path in the cgroup hierarchy that charges memory; null when not known. */
  readonly cgroup: string | null;
}

/** A process that the ledger may know has ended. */
export interface ExitEvent extends At, ProcessId {
  readonly kind: "exit";
}

/** Who was there when the OOM killer chose. */
export interface OomParty {
  readonly pid: Pid;
  readonly comm: string;
  readonly uid: number | null;
  readonly cgroup: string | null;
}

/** oom:mark_victim. kill numbers the kills of this epoch from 1. */
export interface OomKillEvent extends At {
  readonly kind: "oomKill";
  readonly epoch: number;
  readonly kill: number;
  readonly victim: OomParty;
  /** The process in whose context the OOM killer ran. */
  readonly trigger: OomParty;
  readonly constraint: OomConstraint | null;
  /** The cgroup whose limit was hit; null for a global OOM or when not known. */
  readonly cgroup: string | null;
}

/** Sample of what the kernel counts itself. null: this kernel has no such counter. Source: /proc/vmstat, /proc/meminfo. */
export interface KernelSample extends At {
  readonly kind: "kernel";
  readonly splits: Readonly<Record<SplitLevel, number | null>>;
  readonly collapses: Readonly<Record<SplitLevel, number | null>>;
  readonly directMapBytes: Readonly<Record<PageSize, Bytes | null>>;
  readonly oomKills: number | null;
  readonly unevictableBytes: Bytes | null;
}

/**
 * Splits between the moment before bpftrace was started and the first reading of its counters, less what the counters
 * saw: the price of attaching, secretscope's own.
 */
export interface OwnSplitsEvent extends At {
  readonly kind: "ownSplits";
  readonly epoch: number;
  readonly splits: Readonly<Record<SplitLevel, number | null>>;
}

/** Absolute, part of a scan: one process holds one secret file now. Source: /proc/PID/{fd,maps,smaps,status}. */
export interface HoldingSample extends At, ProcessId {
  readonly kind: "holding";
  readonly inode: Inode;
  readonly descriptors: number;
  readonly mappings: number;
  /** Size of the mappings, touched or not. */
  readonly mappedBytes: Bytes;
  /** Touched and mapped by this process; null when smaps could not be read. */
  readonly residentBytes: Bytes | null;
  readonly proportionalBytes: Bytes | null;
  readonly memlockLimitBytes: Bytes | "unlimited" | null;
}

/** Ends a scan of /proc: whoever was not named since the last one holds nothing. */
export interface ScanEvent extends At {
  readonly kind: "scan";
  /** When the scan began; holdings that began after it may be missing. */
  readonly began: MonotonicNs;
  readonly processes: number;
  /** Processes that could not be looked into (other users', hidepid). */
  readonly hidden: number;
  /** /proc does not even list all processes (hidepid, a pid namespace): how many are missing nobody can say. */
  readonly partial: boolean;
}

/** Something did not arrive, and how much of it. Never silent. */
export interface LostEvent extends At {
  readonly kind: "lost";
  readonly what: "lines" | "keys" | "unreadable";
  readonly count: number;
}

/** Nothing was seen between these times. */
export interface GapEvent extends At {
  readonly kind: "gap";
  readonly from: MonotonicNs;
  readonly reason: string;
}

/** What secretscope itself costs: collector and bpftrace together. */
export interface SelfSample extends At {
  readonly kind: "self";
  readonly cpuSeconds: number;
  readonly rssBytes: Bytes;
  readonly probeNsPerEvent: number | null;
}

export type Event =
  | HostEvent
  | ClockEvent
  | PlanEvent
  | ProbesEvent
  | TickEvent
  | AllocatedSample
  | FreedSample
  | FileSizeSample
  | PageEvent
  | SplitSample
  | RefusedSample
  | RequestSample
  | CreatedEvent
  | ProcessEvent
  | ExitEvent
  | OomKillEvent
  | KernelSample
  | OwnSplitsEvent
  | HoldingSample
  | ScanEvent
  | LostEvent
  | GapEvent
  | SelfSample;

export type EventKind = Event["kind"];
/** Takes one event; called in order, does not throw. */
export type Emit = (event: Event) => void;
