/**
 * The columns of a trace, declared once: the schema, the encoder, the reader and docs/trace-format.md are made from
 * this. One wide table: a row is an event, `kind` says which, and a column that does not concern it is null.
 *
 * A column may be added in a newer minor version; a rename, a removal or another meaning is a new major version.
 */
import type { EventKind } from "../events.ts";

/** What a row can be: an event, or the end of a holding, which the ledger learns from a scan that does not name it. */
export type RowKind = EventKind | "released";

/**
 * int: 64 bits, signed. u16, u32: as many bits, not signed. float: IEEE 754, 64 bits. text: UTF-8, dictionary-coded; all
 * columns share one dictionary. id: int, dictionary-coded, each column with its own; the codes are the same in all of
 * them (subjects.ts).
 */
export type ColumnType = "int" | "u16" | "u32" | "float" | "bool" | "text" | "id";

export interface ColumnDeclaration {
  readonly type: ColumnType;
  /** Rows that may have it. */
  readonly kinds: readonly RowKind[] | "all";
  readonly unit?: string;
  readonly says: string;
}

/** Changed together with the rules at the head of this file. */
export const formatVersion = { major: 2, minor: 0 } as const;
/** Newest minor version of each major one that is read; samples of all are in test/fixtures/traces. */
export const readVersions: ReadonlyMap<number, number> = new Map([
  [1, 1],
  [formatVersion.major, formatVersion.minor],
]);

const counted = ["allocated", "freed", "split", "refused", "requests"] as const;
const ofProcess = [
  "page",
  "allocated",
  "split",
  "refused",
  "created",
  "process",
  "exit",
  "holding",
  "released",
] as const;

export const columns = {
  at: {
    type: "int",
    kinds: "all",
    unit: "ns",
    says: "CLOCK_MONOTONIC when it happened or was read; a row `clock` ties it to the wall clock; `page`: see Single pages",
  },
  kind: { type: "text", kinds: "all", says: "which event the row is, see below" },
  checkpoint: {
    type: "bool",
    kinds: "all",
    says: "true: not an observation, but part of the shortest list of rows that brings a ledger to the state it had here; leave these rows out of statistics",
  },
  epoch: {
    type: "int",
    kinds: ["probes", "tick", ...counted, "oomKill", "ownSplits"],
    says: "life of the kernel program, or generation of its map of splits; cumulative counters start at zero in each",
  },
  pid: {
    type: "id",
    kinds: [...ofProcess, "probes", "oomKill"],
    says: "process; `page`: who took it or gave it back; `oomKill`: the victim; `probes`: bpftrace's own",
  },
  started: {
    type: "id",
    kinds: ofProcess,
    unit: "clock ticks since boot",
    says: "start of the process; with `pid` it names one process for good",
  },
  inode: {
    type: "id",
    kinds: ["page", "allocated", "freed", "fileSize", "created", "holding", "released"],
    says: "secret file",
  },
  kill: {
    type: "int",
    kinds: ["freed", "oomKill"],
    says: "number of the OOM kill in its epoch; `freed`: by the victim of that kill, 0: by anyone else",
  },
  pages: {
    type: "int",
    kinds: ["allocated", "freed", "fileSize"],
    unit: "pages",
    says: "`allocated`, `freed`: total since the epoch began; `fileSize`: pages that the file has now",
  },
  count: {
    type: "int",
    kinds: ["split", "refused", "requests", "lost"],
    says: "total since the epoch began; `lost`: how much was lost this time",
  },
  cause: { type: "text", kinds: ["split"], says: "what kind of code asked for the split" },
  level: { type: "text", kinds: ["split"], says: "mapping that was broken, 2m or 1g; null: the route cannot tell" },
  stack: {
    type: "text",
    kinds: ["split"],
    says: "kernel stack as symbol+offset, innermost first, a line each; never an address",
  },
  what: {
    type: "text",
    kinds: ["refused", "lost", "probes"],
    says: "`refused`: create, map, fault; `lost`: lines, keys, unreadable; `probes`: attached, lost, stopped, failed",
  },
  code: {
    type: "text",
    kinds: ["refused", "requests"],
    says: "`refused`: errno name or SIGBUS; `requests`: value that the function returned",
  },
  function: { type: "text", kinds: ["requests"], says: "kernel function" },
  total_ns: { type: "float", kinds: ["requests"], unit: "ns", says: "time inside, total since the epoch began" },
  comm: { type: "text", kinds: ["process", "oomKill"], says: "name that the process gave itself: hostile text" },
  uid: { type: "int", kinds: ["process", "oomKill"], says: "user" },
  cgroup: { type: "text", kinds: ["process", "oomKill"], says: "cgroup that pays for its memory" },
  trigger_pid: { type: "int", kinds: ["oomKill"], says: "process in whose context the OOM killer ran" },
  trigger_comm: { type: "text", kinds: ["oomKill"], says: "its name" },
  trigger_uid: { type: "int", kinds: ["oomKill"], says: "its user" },
  trigger_cgroup: { type: "text", kinds: ["oomKill"], says: "its cgroup" },
  constraint: { type: "text", kinds: ["oomKill"], says: "limit that was hit: none, memcg, cpuset, mempolicy" },
  limit_cgroup: { type: "text", kinds: ["oomKill"], says: "cgroup whose limit was hit" },
  splits_2m: {
    type: "int",
    kinds: ["kernel", "ownSplits"],
    says: "2M mappings split: since boot (vmstat direct_map_level2_splits), `ownSplits`: by attaching the probes",
  },
  splits_1g: { type: "int", kinds: ["kernel", "ownSplits"], says: "1G mappings split (direct_map_level3_splits)" },
  collapses_2m: { type: "int", kinds: ["kernel"], says: "2M mappings put together again, since boot" },
  collapses_1g: { type: "int", kinds: ["kernel"], says: "1G mappings put together again, since boot" },
  direct_map_4k: { type: "int", kinds: ["kernel"], unit: "bytes", says: "direct map in 4K pages (/proc/meminfo)" },
  direct_map_2m: { type: "int", kinds: ["kernel"], unit: "bytes", says: "direct map in 2M pages" },
  direct_map_1g: { type: "int", kinds: ["kernel"], unit: "bytes", says: "direct map in 1G pages" },
  oom_kills: { type: "int", kinds: ["kernel"], says: "OOM kills since boot (vmstat oom_kill)" },
  unevictable: { type: "int", kinds: ["kernel"], unit: "bytes", says: "unevictable memory of the machine" },
  descriptors: { type: "int", kinds: ["holding"], says: "open descriptors of this file in this process" },
  mappings: { type: "int", kinds: ["holding"], says: "mappings of this file in this process" },
  mapped: { type: "int", kinds: ["holding"], unit: "bytes", says: "size of the mappings, touched or not" },
  resident: { type: "int", kinds: ["holding"], unit: "bytes", says: "touched and mapped by this process" },
  proportional: { type: "int", kinds: ["holding"], unit: "bytes", says: "the same, divided by how many map it" },
  memlock_limit: { type: "int", kinds: ["holding"], unit: "bytes", says: "RLIMIT_MEMLOCK; -1: unlimited" },
  since: {
    type: "int",
    kinds: ["scan", "gap"],
    unit: "ns",
    says: "`scan`: when the look began; `gap`: from when on nothing was seen, until `at`",
  },
  processes: { type: "int", kinds: ["scan"], says: "processes that there were" },
  hidden: { type: "int", kinds: ["scan"], says: "of them, could not be looked into" },
  partial: { type: "bool", kinds: ["scan"], says: "/proc does not even list all processes" },
  repeats: {
    type: "bool",
    kinds: ["scan"],
    says: "true: holdings that were neither named nor released since the last scan are as they were; false: all that there are were named since the last scan",
  },
  cpu_seconds: { type: "float", kinds: ["self"], unit: "s", says: "CPU time of collector and bpftrace" },
  rss: { type: "int", kinds: ["self"], unit: "bytes", says: "their resident memory" },
  probe_ns: { type: "float", kinds: ["self"], unit: "ns", says: "cost of one probe hit" },
  sequence: { type: "int", kinds: ["tick"], says: "number of the reading" },
  wall: { type: "float", kinds: ["clock"], unit: "ms since 1970, UTC", says: "the wall clock at `at`" },
  reason: { type: "text", kinds: ["probes", "gap"], says: "why, for people" },
  detail: { type: "text", kinds: ["host", "plan"], says: "JSON: the machine, or by which route each fact is learned" },
  after_ns: {
    type: "u16",
    kinds: ["page"],
    unit: "ns",
    says: "time since the row before, which is of the same burst: its lower 16 bits; null: the first of a burst, whose time is `at`",
  },
  after_high: { type: "u16", kinds: ["page"], unit: "65,536 ns", says: "the same: its upper 16 bits" },
  block: {
    type: "u32",
    kinds: ["page"],
    says: "2M block of physical memory that the page lies in: its address / 2 MiB",
  },
  taken: { type: "bool", kinds: ["page"], says: "true: taken out of the direct map, false: given back" },
} as const satisfies Record<string, ColumnDeclaration>;

export type ColumnName = keyof typeof columns;
export const columnNames = Object.keys(columns) as ColumnName[];
/** Say whom and which file a row is about, in the order of their dictionaries. */
export const subjectColumns = ["pid", "started", "inode"] as const satisfies readonly ColumnName[];

/** Never null in any row. */
export const requiredColumns: ReadonlySet<string> = new Set<ColumnName>(["at", "kind", "checkpoint"]);

/** What the rows of a kind are, for the documentation. */
export const rowKinds: Readonly<Record<RowKind, string>> = {
  host: "the machine; at the start and when something of it changes",
  clock: "ties the monotonic to the wall clock; again after a clock step",
  plan: "by which route each fact is learned, and what will not be seen",
  probes: "the kernel program was attached, lost, stopped, or failed",
  tick: "a reading of the counters is complete: what came before it is one consistent sample",
  page: "one page of a file was taken out of the direct map, or given back; only with --detail page",
  allocated: "sample: pages of a file that the faults of a process created",
  freed: "sample: pages of a file that were freed",
  fileSize: "sample: pages that a file has, whoever made them",
  split: "sample: splits that a process caused through one kernel stack",
  refused: "sample: what the kernel turned down",
  requests: "sample: requests to change the direct map, secretmem's faults",
  created: "a secret file was made",
  process: "who a process is; when first met and when renamed",
  exit: "a process ended",
  oomKill: "the OOM killer chose a victim; again when more of it is known, with the same epoch and kill",
  kernel: "sample: what the kernel counts itself",
  ownSplits: "splits that attaching the probes caused",
  holding: "sample: a process holds a file; written when it is new or differs from the last scan",
  released: "a process that the last scan found holding the file does not hold it any more",
  scan: "ends a look at who holds what",
  lost: "something did not arrive",
  gap: "nothing was seen for a time",
  self: "sample: what secretscope costs",
};
