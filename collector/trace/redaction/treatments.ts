/**
 * What `--redact` does with each thing that a trace can hold, said once: a column or a fact that is not listed here does
 * not compile. The encoder of a redacted recording is made from this, so nothing gets past it into the file.
 */
import type { HostEvent, PlanEvent } from "../../events.ts";
import type { ColumnName } from "../columns.ts";

export type Treatment = "kept" | "process" | "cgroup" | "machine" | "user" | "stack" | "sentence" | "facts";

/** For docs/trace-format.md and for people. */
export const treatmentSays: Readonly<Record<Treatment, string>> = {
  kept: "as it was: a number, or a word of the kernel or of secretscope",
  process: "`proc-` and eight characters",
  cgroup: "each part of the path `cg-` and eight characters; which lies in which stays visible",
  machine: "`host-` or `boot-` and eight characters",
  user: "a number from 2^32 on, which no real user has; 0 (root) stays, since limits treat it differently",
  stack: "kernel symbols stay; names of BPF programs, which users choose, become `bpf_prog_` and eight characters",
  sentence: "secretscope's own words stay; paths, quotations and what bpftrace said are taken out",
  facts: "JSON, each fact by the rule that stands here for `host:` and `plan:`",
};

/** Process numbers, inodes and times stay: figures hang on them, and they say nothing without that machine's own logs. */
export const treatments = {
  at: "kept",
  kind: "kept",
  checkpoint: "kept",
  epoch: "kept",
  pid: "kept",
  started: "kept",
  inode: "kept",
  kill: "kept",
  pages: "kept",
  count: "kept",
  cause: "kept",
  level: "kept",
  stack: "stack",
  what: "kept",
  code: "kept",
  function: "kept",
  total_ns: "kept",
  comm: "process",
  uid: "user",
  cgroup: "cgroup",
  trigger_pid: "kept",
  trigger_comm: "process",
  trigger_uid: "user",
  trigger_cgroup: "cgroup",
  constraint: "kept",
  limit_cgroup: "cgroup",
  splits_2m: "kept",
  splits_1g: "kept",
  collapses_2m: "kept",
  collapses_1g: "kept",
  direct_map_4k: "kept",
  direct_map_2m: "kept",
  direct_map_1g: "kept",
  oom_kills: "kept",
  unevictable: "kept",
  descriptors: "kept",
  mappings: "kept",
  mapped: "kept",
  resident: "kept",
  proportional: "kept",
  memlock_limit: "kept",
  since: "kept",
  processes: "kept",
  hidden: "kept",
  partial: "kept",
  repeats: "kept",
  cpu_seconds: "kept",
  rss: "kept",
  probe_ns: "kept",
  sequence: "kept",
  wall: "kept",
  reason: "sentence",
  after_ns: "kept",
  after_high: "kept",
  block: "kept",
  taken: "kept",
  detail: "facts",
} as const satisfies Readonly<Record<ColumnName, Treatment>>;

export type HostFacts = Omit<HostEvent, "kind" | "at">;
export type PlanFacts = Omit<PlanEvent, "kind" | "at">;

/** Of the machine. What the figures mean hangs on its kernel and sizes. */
export const hostTreatments = {
  name: "machine",
  kernel: "kept",
  bootId: "machine",
  memoryBytes: "kept",
  pageBytes: "kept",
  accounting: "kept",
  secretDevice: "kept",
  redacted: "kept",
} as const satisfies Readonly<Record<keyof HostFacts, Treatment>>;

export const planTreatments = {
  routes: "kept",
  blind: "sentence",
  intervalMs: "kept",
  inFlight: "kept",
} as const satisfies Readonly<Record<keyof PlanFacts, Treatment>>;
