/** Rows into columns. Its mirror is decodeRows.ts; docs/trace-format.md says what each column means. */
import type { Event, OomKillEvent } from "../events.ts";
import { BoolColumn, ChangedIntColumn, FloatColumn, IntColumn, TextColumn, TextDictionary } from "./columnBuffers.ts";
import { type ColumnName, type ColumnType, columnNames, columns } from "./columns.ts";
import type { Redactor } from "./redaction/redactor.ts";
import type { Row } from "./rows.ts";

type BufferOf<Type extends ColumnType> = Type extends "int"
  ? IntColumn
  : Type extends "float"
    ? FloatColumn
    : Type extends "bool"
      ? BoolColumn
      : TextColumn;
export type ColumnBuffers = { readonly [Name in ColumnName]: BufferOf<(typeof columns)[Name]["type"]> };

function makeColumns(dictionary: TextDictionary, redactor?: Redactor): ColumnBuffers {
  const make = (name: ColumnName) => {
    const change = redactor?.number(name);
    switch (columns[name].type) {
      case "int":
        return change === undefined ? new IntColumn() : new ChangedIntColumn(change);
      case "float":
        return new FloatColumn();
      case "bool":
        return new BoolColumn();
      case "text":
        return new TextColumn(dictionary, redactor?.text(name));
    }
  };
  return Object.fromEntries(columnNames.map((name) => [name, make(name)])) as unknown as ColumnBuffers;
}

/** The columns of one batch while it is filled. */
export class RowEncoder {
  readonly dictionary = new TextDictionary();
  readonly columns: ColumnBuffers;
  rows = 0;
  /** Least and greatest time in the batch; both 0n while it is empty. */
  from = 0n;
  to = 0n;

  /** @param redactor replaces names on their way into the columns; without one they stay */
  constructor(redactor?: Redactor) {
    this.columns = makeColumns(this.dictionary, redactor);
  }

  add(row: Row): void {
    const { columns: to } = this;
    const n = this.rows++;
    to.at.setLong(n, row.at);
    to.kind.set(n, row.kind);
    if (n === 0 || row.at < this.from) this.from = row.at;
    if (n === 0 || row.at > this.to) this.to = row.at;
    encode(row, n, to);
  }

  clear(): void {
    for (const name of columnNames) this.columns[name].clear();
    this.dictionary.clear();
    this.rows = 0;
    this.from = 0n;
    this.to = 0n;
  }
}

function encode(row: Row, n: number, to: ColumnBuffers): void {
  switch (row.kind) {
    case "allocated":
      encodeProcess(row, n, to);
      to.epoch.set(n, row.epoch);
      to.inode.set(n, row.inode);
      to.pages.set(n, row.pages);
      break;
    case "freed":
      to.epoch.set(n, row.epoch);
      to.inode.set(n, row.inode);
      to.kill.set(n, row.kill);
      to.pages.set(n, row.pages);
      break;
    case "split":
      encodeProcess(row, n, to);
      to.epoch.set(n, row.epoch);
      to.cause.set(n, row.cause);
      to.level.setOrNull(n, row.level);
      to.stack.set(n, row.stack.join("\n"));
      to.count.set(n, row.count);
      break;
    case "fileSize":
      to.inode.set(n, row.inode);
      to.pages.set(n, row.pages);
      break;
    case "holding":
      encodeProcess(row, n, to);
      to.inode.set(n, row.inode);
      to.descriptors.set(n, row.descriptors);
      to.mappings.set(n, row.mappings);
      to.mapped.set(n, row.mappedBytes);
      to.resident.setOrNull(n, row.residentBytes);
      to.proportional.setOrNull(n, row.proportionalBytes);
      to.memlock_limit.setOrNull(n, row.memlockLimitBytes === "unlimited" ? -1 : row.memlockLimitBytes);
      break;
    case "released":
    case "created":
      encodeProcess(row, n, to);
      to.inode.set(n, row.inode);
      break;
    case "exit":
      encodeProcess(row, n, to);
      break;
    case "process":
      encodeProcess(row, n, to);
      to.comm.set(n, row.comm);
      to.uid.setOrNull(n, row.uid);
      to.cgroup.setOrNull(n, row.cgroup);
      break;
    case "refused":
      encodeProcess(row, n, to);
      to.epoch.set(n, row.epoch);
      to.what.set(n, row.what);
      to.code.set(n, row.code);
      to.count.set(n, row.count);
      break;
    case "requests":
      to.epoch.set(n, row.epoch);
      to.function.set(n, row.function);
      to.code.set(n, row.result);
      to.count.set(n, row.count);
      to.total_ns.setOrNull(n, row.totalNs);
      break;
    case "tick":
      to.epoch.set(n, row.epoch);
      to.sequence.set(n, row.sequence);
      break;
    case "scan":
      to.since.setLong(n, row.began);
      to.processes.set(n, row.processes);
      to.hidden.set(n, row.hidden);
      to.partial.set(n, row.partial);
      to.repeats.set(n, row.repeats);
      break;
    case "oomKill":
      encodeKill(row, n, to);
      break;
    default:
      encodeMachine(row, n, to);
  }
}

function encodeProcess(row: { readonly pid: number; readonly started: number }, n: number, to: ColumnBuffers): void {
  to.pid.set(n, row.pid);
  to.started.set(n, row.started);
}

function encodeKill(row: OomKillEvent, n: number, to: ColumnBuffers): void {
  to.epoch.set(n, row.epoch);
  to.kill.set(n, row.kill);
  to.pid.set(n, row.victim.pid);
  to.comm.set(n, row.victim.comm);
  to.uid.setOrNull(n, row.victim.uid);
  to.cgroup.setOrNull(n, row.victim.cgroup);
  to.trigger_pid.set(n, row.trigger.pid);
  to.trigger_comm.set(n, row.trigger.comm);
  to.trigger_uid.setOrNull(n, row.trigger.uid);
  to.trigger_cgroup.setOrNull(n, row.trigger.cgroup);
  to.constraint.setOrNull(n, row.constraint);
  to.limit_cgroup.setOrNull(n, row.cgroup);
}

type MachineRow = Extract<
  Event,
  { kind: "host" | "clock" | "plan" | "probes" | "kernel" | "ownSplits" | "lost" | "gap" | "self" }
>;

function encodeMachine(row: MachineRow, n: number, to: ColumnBuffers): void {
  switch (row.kind) {
    case "host":
    case "plan": {
      const { kind: _, at: __, ...detail } = row;
      to.detail.set(n, JSON.stringify(detail));
      break;
    }
    case "clock":
      to.wall.set(n, row.wall);
      break;
    case "probes":
      to.what.set(n, row.state);
      to.epoch.set(n, row.epoch);
      to.pid.setOrNull(n, row.pid);
      to.reason.set(n, row.reason);
      break;
    case "kernel":
      to.splits_2m.setOrNull(n, row.splits["2m"]);
      to.splits_1g.setOrNull(n, row.splits["1g"]);
      to.collapses_2m.setOrNull(n, row.collapses["2m"]);
      to.collapses_1g.setOrNull(n, row.collapses["1g"]);
      to.direct_map_4k.setOrNull(n, row.directMapBytes["4k"]);
      to.direct_map_2m.setOrNull(n, row.directMapBytes["2m"]);
      to.direct_map_1g.setOrNull(n, row.directMapBytes["1g"]);
      to.oom_kills.setOrNull(n, row.oomKills);
      to.unevictable.setOrNull(n, row.unevictableBytes);
      break;
    case "ownSplits":
      to.epoch.set(n, row.epoch);
      to.splits_2m.setOrNull(n, row.splits["2m"]);
      to.splits_1g.setOrNull(n, row.splits["1g"]);
      break;
    case "lost":
      to.what.set(n, row.what);
      to.count.set(n, row.count);
      break;
    case "gap":
      to.since.setLong(n, row.from);
      to.reason.set(n, row.reason);
      break;
    case "self":
      to.cpu_seconds.set(n, row.cpuSeconds);
      to.rss.set(n, row.rssBytes);
      to.probe_ns.setOrNull(n, row.probeNsPerEvent);
      break;
  }
}
