/** One row of each kind with every field that it can have, and names that attack whoever shows them. */
import type { PageBurst } from "../../../collector/events.ts";
import type { RowKind } from "../../../collector/trace/columns.ts";
import type { Row } from "../../../collector/trace/rows.ts";
import { bytes, inode, monotonicNs, pages, pid, startTicks, wallMs } from "../../../collector/units.ts";

export const hostile = '\u001b[2J{bold}=cmd|"/c calc"!A1,<script>\n\u202e\u0000\ufffd🦀';
const at = monotonicNs(123_456_789_012_345_678n);
const who = { pid: pid(4_194_304), started: startTicks(9_007_199_254_740_991) };
const party = { pid: pid(7), comm: hostile, uid: 4_294_967_295, cgroup: "/system.slice/a b" };
const levels = { "2m": 2 ** 40, "1g": 3 };

/** Rows of pages are a burst. */
type RowOf<Kind extends RowKind> = Kind extends "page" ? PageBurst : Extract<Row, { kind: Kind }>;

export const oneOfEach: { readonly [Kind in RowKind]: RowOf<Kind> } = {
  host: {
    kind: "host",
    at,
    name: hostile,
    kernel: "6.18.44",
    bootId: "b-1",
    memoryBytes: bytes(2 ** 37),
    pageBytes: bytes(4096),
    accounting: "user",
    secretDevice: "0:19",
  },
  clock: { kind: "clock", at, wall: wallMs(1_700_000_000_123) },
  plan: {
    kind: "plan",
    at,
    routes: { pages: "tracepoint", splits: "fentry" },
    blind: [{ fact: "requests", reason: hostile, remedy: "none" }],
    intervalMs: 1000,
    inFlight: 2,
  },
  probes: { kind: "probes", at, state: "attached", epoch: 2, pid: pid(12), reason: hostile },
  tick: { kind: "tick", at, epoch: 2, sequence: 7 },
  page: {
    kind: "pageBurst",
    at,
    ...who,
    inode: inode(2 ** 32 - 1),
    taken: true,
    steps: Uint32Array.of(0, 2 ** 32 - 1, 65_536),
    blocks: Uint32Array.of(2 ** 32 - 1, 0, 7),
  },
  allocated: { kind: "allocated", at, ...who, epoch: 2, inode: inode(2 ** 32 - 1), pages: pages(2 ** 45) },
  freed: { kind: "freed", at, epoch: 2, inode: inode(5), kill: 3, pages: pages(1) },
  fileSize: { kind: "fileSize", at, inode: inode(5), pages: pages(0) },
  split: { kind: "split", at, ...who, epoch: 4, cause: "bpf", level: "1g", stack: ["a+0x1", "b [kvm]+0x2"], count: 9 },
  refused: { kind: "refused", at, ...who, epoch: 2, what: "map", code: "EAGAIN", count: 4 },
  requests: { kind: "requests", at, epoch: 2, function: "secretmem_fault", result: "0", count: 4, totalNs: 1e17 },
  created: { kind: "created", at, ...who, inode: inode(5) },
  process: { kind: "process", at, ...who, comm: hostile, uid: 0, cgroup: hostile },
  exit: { kind: "exit", at, ...who },
  oomKill: {
    kind: "oomKill",
    at,
    epoch: 2,
    kill: 1,
    victim: party,
    trigger: { ...party, pid: pid(8) },
    constraint: "memcg",
    cgroup: "/limit",
  },
  kernel: {
    kind: "kernel",
    at,
    splits: levels,
    collapses: { "2m": 0, "1g": 1 },
    directMapBytes: { "4k": bytes(1), "2m": bytes(2 ** 40), "1g": bytes(0) },
    oomKills: 2,
    unevictableBytes: bytes(3),
  },
  ownSplits: { kind: "ownSplits", at, epoch: 2, splits: levels },
  holding: {
    kind: "holding",
    at,
    ...who,
    inode: inode(5),
    descriptors: 1,
    mappings: 2,
    mappedBytes: bytes(8192),
    residentBytes: bytes(4096),
    proportionalBytes: bytes(2048),
    memlockLimitBytes: "unlimited",
  },
  released: { kind: "released", at, ...who, inode: inode(5) },
  scan: { kind: "scan", at, began: monotonicNs(1n), processes: 300, hidden: 1, partial: true, repeats: true },
  lost: { kind: "lost", at, what: "keys", count: 2 },
  gap: { kind: "gap", at, from: monotonicNs(-1n), reason: hostile },
  self: { kind: "self", at, cpuSeconds: 1.25, rssBytes: bytes(9), probeNsPerEvent: 107.5 },
};
