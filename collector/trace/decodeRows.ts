/** Columns into rows, the mirror of encodeRows.ts. What a trace says is checked here, once, and trusted after. */
import type { Accounting, Event, OomConstraint, SplitCause, SplitLevel } from "../events.ts";
import {
  bytes,
  inode,
  type MonotonicNs,
  monotonicNs,
  type Pid,
  pages,
  pid,
  type StartTicks,
  startTicks,
  wallMs,
} from "../units.ts";
import type {
  BoolReader,
  FloatReader,
  IdReader,
  IntReader,
  TextReader,
  U16Reader,
  U32Reader,
} from "./columnReaders.ts";
import type { ColumnName, columns, RowKind } from "./columns.ts";
import { hostDetail, planDetail } from "./detail.ts";
import type { Row } from "./rows.ts";

interface ReaderOf {
  readonly int: IntReader;
  readonly u16: U16Reader;
  readonly u32: U32Reader;
  readonly float: FloatReader;
  readonly bool: BoolReader;
  readonly text: TextReader;
  /** An int in files of format 1. */
  readonly id: Pick<IdReader, "get" | "orNull" | "sameUntil">;
}
export type ColumnReaders = { readonly [Name in ColumnName]: ReaderOf[(typeof columns)[Name]["type"]] };

const words = <Word extends string>(...all: readonly Word[]): ReadonlySet<Word> => new Set(all);
const causes = words<SplitCause>("secretmem", "bpf", "module", "execmem", "gpu", "tracing", "other");
const levels = words<SplitLevel>("2m", "1g");
const refusals = words("create", "map", "fault");
const losses = words("lines", "keys", "unreadable");
const states = words("attached", "lost", "stopped", "failed");
const constraints = words<OomConstraint>("none", "memcg", "cpuset", "mempolicy");
export const accountings = words<Accounting>("mlock", "user");

/** Of any kind but `page`, see pages/decodeBurst.ts. @throws Damaged when the row is none that a recording can hold */
export function decodeRow(from: ColumnReaders, n: number): Row {
  const at = monotonicNs(from.at.long(n));
  const kind = from.kind.get(n) as Exclude<RowKind, "page">;
  switch (kind) {
    case "allocated":
      return {
        kind,
        at,
        epoch: from.epoch.get(n),
        inode: inode(from.inode.get(n)),
        pid: pid(from.pid.get(n)),
        started: startTicks(from.started.get(n)),
        pages: pages(from.pages.get(n)),
      };
    case "freed":
      return {
        kind,
        at,
        epoch: from.epoch.get(n),
        inode: inode(from.inode.get(n)),
        kill: from.kill.get(n),
        pages: pages(from.pages.get(n)),
      };
    case "split":
      return {
        kind,
        at,
        ...process(from, n),
        epoch: from.epoch.get(n),
        cause: from.cause.word(n, causes),
        level: from.level.wordOrNull(n, levels),
        stack: from.stack.lines(n),
        count: from.count.get(n),
      };
    case "fileSize":
      return { kind, at, inode: inode(from.inode.get(n)), pages: pages(from.pages.get(n)) };
    case "holding":
      return {
        kind,
        at,
        ...process(from, n),
        inode: inode(from.inode.get(n)),
        descriptors: from.descriptors.get(n),
        mappings: from.mappings.get(n),
        mappedBytes: bytes(from.mapped.get(n)),
        residentBytes: bytesOrNull(from.resident, n),
        proportionalBytes: bytesOrNull(from.proportional, n),
        memlockLimitBytes: limit(from.memlock_limit.orNull(n)),
      };
    case "released":
    case "created":
      return { kind, at, ...process(from, n), inode: inode(from.inode.get(n)) };
    case "exit":
      return { kind, at, ...process(from, n) };
    case "process":
      return {
        kind,
        at,
        ...process(from, n),
        comm: from.comm.get(n),
        uid: from.uid.orNull(n),
        cgroup: from.cgroup.orNull(n),
      };
    case "refused":
      return {
        kind,
        at,
        ...process(from, n),
        epoch: from.epoch.get(n),
        what: from.what.word(n, refusals),
        code: from.code.get(n),
        count: from.count.get(n),
      };
    case "requests":
      return {
        kind,
        at,
        epoch: from.epoch.get(n),
        function: from.function.get(n),
        result: from.code.get(n),
        count: from.count.get(n),
        totalNs: from.total_ns.orNull(n),
      };
    case "tick":
      return { kind, at, epoch: from.epoch.get(n), sequence: from.sequence.get(n) };
    case "scan":
      return {
        kind,
        at,
        began: monotonicNs(from.since.long(n)),
        processes: from.processes.get(n),
        hidden: from.hidden.get(n),
        partial: from.partial.get(n),
        repeats: from.repeats.get(n),
      };
    default:
      return decodeMachine(kind, at, from, n);
  }
}

type MachineKind = "host" | "clock" | "plan" | "probes" | "kernel" | "ownSplits" | "oomKill" | "lost" | "gap" | "self";

function decodeMachine(
  kind: MachineKind,
  at: MonotonicNs,
  from: ColumnReaders,
  n: number,
): Exclude<Event, { kind: "scan" | "page" }> {
  switch (kind) {
    case "host":
      return { kind, at, ...hostDetail(from.detail.get(n)) };
    case "plan":
      return { kind, at, ...planDetail(from.detail.get(n)) };
    case "clock":
      return { kind, at, wall: wallMs(from.wall.get(n)) };
    case "probes": {
      const own = from.pid.orNull(n);
      return {
        kind,
        at,
        state: from.what.word(n, states),
        epoch: from.epoch.get(n),
        pid: own === null ? null : pid(own),
        reason: from.reason.get(n),
      };
    }
    case "kernel":
      return {
        kind,
        at,
        splits: { "2m": from.splits_2m.orNull(n), "1g": from.splits_1g.orNull(n) },
        collapses: { "2m": from.collapses_2m.orNull(n), "1g": from.collapses_1g.orNull(n) },
        directMapBytes: {
          "4k": bytesOrNull(from.direct_map_4k, n),
          "2m": bytesOrNull(from.direct_map_2m, n),
          "1g": bytesOrNull(from.direct_map_1g, n),
        },
        oomKills: from.oom_kills.orNull(n),
        unevictableBytes: bytesOrNull(from.unevictable, n),
      };
    case "ownSplits":
      return {
        kind,
        at,
        epoch: from.epoch.get(n),
        splits: { "2m": from.splits_2m.orNull(n), "1g": from.splits_1g.orNull(n) },
      };
    case "oomKill":
      return {
        kind,
        at,
        epoch: from.epoch.get(n),
        kill: from.kill.get(n),
        victim: {
          pid: pid(from.pid.get(n)),
          comm: from.comm.get(n),
          uid: from.uid.orNull(n),
          cgroup: from.cgroup.orNull(n),
        },
        trigger: {
          pid: pid(from.trigger_pid.get(n)),
          comm: from.trigger_comm.get(n),
          uid: from.trigger_uid.orNull(n),
          cgroup: from.trigger_cgroup.orNull(n),
        },
        constraint: from.constraint.wordOrNull(n, constraints),
        cgroup: from.limit_cgroup.orNull(n),
      };
    case "lost":
      return { kind, at, what: from.what.word(n, losses), count: from.count.get(n) };
    case "gap":
      return { kind, at, from: monotonicNs(from.since.long(n)), reason: from.reason.get(n) };
    case "self":
      return {
        kind,
        at,
        cpuSeconds: from.cpu_seconds.get(n),
        rssBytes: bytes(from.rss.get(n)),
        probeNsPerEvent: from.probe_ns.orNull(n),
      };
    default:
      // Another version's word: only the rows of known kinds can be believed to mean what they meant.
      return from.kind.word(n, noKinds);
  }
}

const noKinds: ReadonlySet<never> = new Set<never>();

function process(from: ColumnReaders, n: number): { readonly pid: Pid; readonly started: StartTicks } {
  return { pid: pid(from.pid.get(n)), started: startTicks(from.started.get(n)) };
}

function bytesOrNull(column: IntReader, n: number) {
  const value = column.orNull(n);
  return value === null ? null : bytes(value);
}

function limit(value: number | null) {
  if (value === null) return null;
  return value < 0 ? "unlimited" : bytes(value);
}
