/** Snapshots written by hand for the tests of what is printed; none of them was recorded. */
import type { Snapshot } from "../../../collector/snapshot.ts";

/** Nothing is known: what a machine without BPF, counters or rights gives. */
export const blind: Snapshot = {
  schema: "secretscope.snapshot/1",
  time: "2026-11-21T09:10:05.000Z",
  monotonicNs: "12345678901234567890",
  host: { name: "box", kernel: "6.1.0-arm64", bootId: "b", memoryBytes: 2 ** 34, accounting: null, redacted: false },
  evidence: {
    route: { pages: null, splits: null, oom: null },
    complete: false,
    why: ["no bpftrace: holders and totals only"],
    word: "partial",
    reasons: [{ kind: "detached", text: "no bpftrace: holders and totals only" }],
    lost: 0,
    unattributedSplits: null,
    restarts: 0,
    gaps: [],
    blind: [
      { fact: "splits", reason: "this architecture counts no splits", remedy: "an x86-64 machine counts them" },
      { fact: "pages", reason: "bpftrace was not found", remedy: "apt-get install bpftrace" },
    ],
    differencePages: null,
    scanAgeMs: null,
    hiddenProcesses: 31,
    unlistedProcesses: false,
  },
  directMap: {
    bytes: { "4k": null, "2m": null, "1g": null },
    splits: { "2m": null, "1g": null },
    collapses: { "2m": null, "1g": null },
    sinceStart: { splits: { "2m": null, "1g": null }, own: { "2m": null, "1g": null } },
  },
  splitCauses: [],
  secret: {
    residentBytes: null,
    unheldBytes: null,
    holders: [],
    charges: null,
    files: [],
    refusals: [],
    refusedProcesses: [],
  },
  oom: { kills: null, recent: [] },
  hibernation: { blocked: null, by: [] },
  requests: [],
  self: { cpuSeconds: 0, rssBytes: 0, probeNsPerEvent: null },
};

/** Everything works and nothing happens. */
export const empty: Snapshot = {
  ...blind,
  host: { ...blind.host, kernel: "6.18.44", accounting: "mlock" },
  evidence: {
    ...blind.evidence,
    route: { pages: "tracepoint", splits: "tracepoint", oom: "tracepoint" },
    complete: true,
    why: [],
    word: "complete",
    reasons: [],
    unattributedSplits: 0,
    blind: [],
    differencePages: 0,
    scanAgeMs: 12,
    hiddenProcesses: 0,
    unlistedProcesses: false,
  },
  directMap: {
    bytes: { "4k": 312 * 2 ** 20, "2m": 14 * 2 ** 30, "1g": 2 ** 30 },
    splits: { "2m": 5123, "1g": 12 },
    collapses: { "2m": 0, "1g": 0 },
    sinceStart: { splits: { "2m": 0, "1g": 0 }, own: { "2m": 0, "1g": 0 } },
  },
  secret: { ...blind.secret, residentBytes: 0, unheldBytes: 0 },
  oom: { kills: 14, recent: [] },
  hibernation: { blocked: false, by: [] },
};

const stack = ["__change_page_attr_set_clr+0x1f", "set_direct_map_invalid_noflush+0x4a", "secretmem_fault+0x11f"];

export const holder: Snapshot["secret"]["holders"][number] = {
  pid: 1234,
  startTicks: 99,
  comm: "rosenpass",
  uid: 54321,
  cgroup: `/docker/${"0123456789abcdef".repeat(4)}`,
  residentBytes: 512 * 1024,
  proportionalBytes: 256 * 1024,
  allocatedBytes: 512 * 1024,
  descriptors: 1,
  mappings: 2,
  mappedBytes: 7 * 2 ** 20,
  memlockLimitBytes: 8 * 2 ** 20,
  refused: 0,
  refusals: [],
};

const mapRefused = { what: "map", code: "EAGAIN", count: 3 } as const;

/** What a hostile process calls itself. */
export const hostileName = "\x1b[2J\u202e\n{red-fg}\x9b";

/** Forty holders, a dozen causes, a kill, names that attack. */
export const busy: Snapshot = {
  ...empty,
  host: { ...empty.host, name: "a-host-with-quite-a-long-name.internal.example.org" },
  directMap: {
    ...empty.directMap,
    splits: { "2m": 1_234_567, "1g": 4_567 },
    sinceStart: { splits: { "2m": 330, "1g": 2 }, own: { "2m": 12, "1g": 0 } },
  },
  evidence: { ...empty.evidence, unattributedSplits: 2 },
  splitCauses: [
    ...Array.from({ length: 11 }, (_, index) => ({
      cause: "secretmem" as const,
      pid: 4_194_300 - index,
      comm: index === 0 ? hostileName : `worker/${index}:日本`,
      level: "2m" as const,
      count: index === 0 ? 300 : 1,
      stack,
      own: false,
      last: "2026-11-21T09:10:02.000Z",
    })),
    {
      cause: "bpf",
      pid: 77,
      comm: "bpftrace",
      level: null,
      count: 8,
      stack: ["bpf_prog_pack_alloc+0x1"],
      own: true,
      last: "2026-11-21T09:10:05.000Z",
    },
  ],
  secret: {
    residentBytes: 40 * 512 * 1024,
    unheldBytes: 4096,
    charges: [],
    holders: Array.from({ length: 40 }, (_, index) => ({
      ...holder,
      pid: 4_194_200 + index,
      comm: index === 0 ? hostileName : `holder-${index}`,
      memlockLimitBytes: index % 2 === 0 ? holder.memlockLimitBytes : ("unlimited" as const),
      refused: index === 1 ? 3 : 0,
      refusals: index === 1 ? [mapRefused] : [],
    })),
    files: [{ device: "00:12", inode: 77, creatorPid: null, residentBytes: 819_200, holders: [4_194_200] }],
    refusals: [mapRefused, { what: "create", code: "EMFILE", count: 2 }],
    refusedProcesses: [
      {
        pid: 66,
        startTicks: 1,
        comm: hostileName,
        uid: 1000,
        what: "create",
        code: "EMFILE",
        count: 2,
        last: "2026-11-21T09:10:04.000Z",
      },
      {
        pid: 4_194_201,
        startTicks: 99,
        comm: "holder-1",
        uid: 54321,
        ...mapRefused,
        last: "2026-11-21T09:09:04.000Z",
      },
    ],
  },
  oom: {
    kills: 16,
    recent: [
      {
        time: "2026-11-21T09:10:01.000Z",
        victim: { pid: 55, comm: hostileName, uid: 0, cgroup: "/batch" },
        trigger: { pid: 56, comm: "stress" },
        constraint: "memcg",
        cgroup: "/batch/with/a/long/path/that/does/not/end/soon/enough/for/eighty/columns",
        secretResidentBytes: 40 * 2 ** 20,
        secretFreedBytes: 0,
      },
    ],
  },
  hibernation: { blocked: true, by: Array.from({ length: 40 }, (_, index) => 4_194_200 + index) },
};

/** Something was lost on the way. */
export const lossy: Snapshot = {
  ...busy,
  evidence: {
    ...busy.evidence,
    complete: false,
    why: ["bpftrace was killed (SIGKILL) and started again; nothing was seen for 1.2 s", "12 lines were lost"],
    word: "lossy",
    reasons: [
      { kind: "gap", text: "bpftrace was killed (SIGKILL) and started again; nothing was seen for 1.2 s" },
      { kind: "lost", text: "12 lines were lost" },
    ],
    lost: 12,
    restarts: 1,
    gaps: [{ from: "2026-11-21T09:09:00.000Z", to: "2026-11-21T09:09:01.200Z", reason: "killed" }],
  },
};
