/** Rows into columns. Its mirror is decodeRows.ts; docs/trace-format.md says what each column means. */
import type { Event, OomKillEvent, PageBurst, PageEvent } from "../events.ts";
import { type ColumnBuffers, makeColumns } from "./batchColumns.ts";
import { columnNames } from "./columns.ts";
import { encodeBurst } from "./pages/encodeBurst.ts";
import { PageBuffer } from "./pages/pageBuffer.ts";
import type { Redactor } from "./redaction/redactor.ts";
import type { Row } from "./rows.ts";
import { Subjects } from "./subjects.ts";
import { TextDictionary } from "./textDictionary.ts";

/** The columns of one batch while it is filled. */
export class RowEncoder {
  readonly dictionary = new TextDictionary();
  readonly subjects = new Subjects();
  readonly columns: ColumnBuffers;
  readonly #pages = new PageBuffer();
  #filled = 0;
  /** Least and greatest time in the batch; both 0n while it is empty. */
  from = 0n;
  to = 0n;

  /** @param redactor replaces names on their way into the columns; without one they stay */
  constructor(redactor?: Redactor) {
    this.columns = makeColumns(this.dictionary, this.subjects, redactor);
  }

  /** With the single pages that wait. */
  get rows(): number {
    return this.#filled + this.#pages.pages;
  }

  /** A single page waits for the others of its batch: `settlePages`. */
  add(row: Row | PageEvent): void {
    if (row.kind === "page") {
      this.#pages.add(row);
      return;
    }
    if (row.kind === "pageBurst") {
      this.#addBurst(row);
      return;
    }
    const { columns: to } = this;
    const n = this.#filled++;
    to.at.setLong(n, row.at);
    to.kind.set(n, row.kind);
    if (n === 0) {
      this.from = row.at;
      this.to = row.at;
    } else if (row.at > this.to) this.to = row.at;
    else if (row.at < this.from) this.from = row.at;
    encode(row, n, to, this.subjects);
  }

  /** Before the batch is encoded: single pages follow its other rows. Their order is that of their times. */
  settlePages(): void {
    for (const burst of this.#pages.takeBursts()) this.#addBurst(burst);
  }

  /** A row for each page. */
  #addBurst(burst: PageBurst): void {
    const n = this.#filled;
    this.#filled += burst.blocks.length;
    if (this.#filled === n) return;
    const last = encodeBurst(burst, n, this.columns, this.subjects);
    if (n === 0 || burst.at < this.from) this.from = burst.at;
    if (n === 0 || last > this.to) this.to = last;
  }

  clear(): void {
    for (const name of columnNames) this.columns[name].clear();
    this.dictionary.clear();
    this.subjects.clear();
    this.#filled = 0;
    this.from = 0n;
    this.to = 0n;
  }
}

/** @param row of one row */
function encode(row: Exclude<Row, PageBurst>, n: number, to: ColumnBuffers, subjects: Subjects): void {
  switch (row.kind) {
    case "allocated":
      encodeBoth(row, n, to, subjects);
      to.epoch.set(n, row.epoch);
      to.pages.set(n, row.pages);
      break;
    case "freed":
      encodeFile(row, n, to, subjects);
      to.epoch.set(n, row.epoch);
      to.kill.set(n, row.kill);
      to.pages.set(n, row.pages);
      break;
    case "split":
      encodeProcess(row, n, to, subjects);
      to.epoch.set(n, row.epoch);
      to.cause.set(n, row.cause);
      to.level.setOrNull(n, row.level);
      to.stack.set(n, row.stack.join("\n"));
      to.count.set(n, row.count);
      break;
    case "fileSize":
      encodeFile(row, n, to, subjects);
      to.pages.set(n, row.pages);
      break;
    case "holding":
      encodeBoth(row, n, to, subjects);
      to.descriptors.set(n, row.descriptors);
      to.mappings.set(n, row.mappings);
      to.mapped.set(n, row.mappedBytes);
      to.resident.setOrNull(n, row.residentBytes);
      to.proportional.setOrNull(n, row.proportionalBytes);
      to.memlock_limit.setOrNull(n, row.memlockLimitBytes === "unlimited" ? -1 : row.memlockLimitBytes);
      break;
    case "released":
    case "created":
      encodeBoth(row, n, to, subjects);
      break;
    case "exit":
      encodeProcess(row, n, to, subjects);
      break;
    case "process":
      encodeProcess(row, n, to, subjects);
      to.comm.set(n, row.comm);
      to.uid.setOrNull(n, row.uid);
      to.cgroup.setOrNull(n, row.cgroup);
      break;
    case "refused":
      encodeProcess(row, n, to, subjects);
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
      encodeKill(row, n, to, subjects);
      break;
    default:
      encodeMachine(row, n, to, subjects);
  }
}

interface OfProcess {
  readonly pid: number;
  readonly started: number;
}
interface OfFile {
  readonly inode: number;
}

function encodeBoth(row: OfProcess & OfFile, n: number, to: ColumnBuffers, subjects: Subjects): void {
  subjects.both(n, row.pid, row.started, row.inode);
  to.pid.has(n);
  to.started.has(n);
  to.inode.has(n);
}

function encodeProcess(row: OfProcess, n: number, to: ColumnBuffers, subjects: Subjects): void {
  subjects.process(n, row.pid, row.started);
  to.pid.has(n);
  to.started.has(n);
}

function encodeFile(row: OfFile, n: number, to: ColumnBuffers, subjects: Subjects): void {
  subjects.file(n, row.inode);
  to.inode.has(n);
}

/** Whose start is not told. */
function encodePid(pid: number, n: number, to: ColumnBuffers, subjects: Subjects): void {
  subjects.process(n, pid, undefined);
  to.pid.has(n);
}

function encodeKill(row: OomKillEvent, n: number, to: ColumnBuffers, subjects: Subjects): void {
  to.epoch.set(n, row.epoch);
  to.kill.set(n, row.kill);
  encodePid(row.victim.pid, n, to, subjects);
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

function encodeMachine(row: MachineRow, n: number, to: ColumnBuffers, subjects: Subjects): void {
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
      if (row.pid !== null) encodePid(row.pid, n, to, subjects);
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
