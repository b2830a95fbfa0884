/** Words of the kernel side, used by the plan and by every event that comes of it. */

/** One way of learning a fact. */
export type Route = "tracepoint" | "fentry" | "kprobe" | "procfs";
/** What a probe can tell. */
export type Fact = "pages" | "splits" | "creation" | "refusals" | "oom" | "requests" | "faults" | "blocks";
/** interval: counters, read at intervals. page: also a line for every page, which slows down whoever takes one. */
export type Detail = "interval" | "page";
/** auto: the best this kernel offers; tracepoint: only those; function: those first; procfs: no BPF at all. */
export type RouteChoice = "auto" | "tracepoint" | "function" | "procfs";
/** A split is named by the mapping that was broken: a 1G one into 2M ones, or a 2M one into 4K ones. */
export type SplitLevel = "2m" | "1g";
/** What kind of code asked for a split, read from its kernel stack. */
export type SplitCause = "secretmem" | "bpf" | "module" | "execmem" | "gpu" | "tracing" | "other";

/**
 * How the kernel limits secret memory. mlock: the whole mapping at mmap, against RLIMIT_MEMLOCK. user: each page at its
 * first touch, against the file creator's user (mainline 7.3, and stable lines since September 2026).
 */
export type Accounting = "mlock" | "user";

/** Something that cannot be shown here, by name, with what would make it visible. */
export interface Blind {
  readonly fact: string;
  readonly reason: string;
  readonly remedy: string;
}
