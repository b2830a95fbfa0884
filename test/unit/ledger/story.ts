/**
 * A ledger and the events that it is told: each method tells one, a millisecond after the last. Sizes are in pages of
 * 4 KiB. Everything told is kept, so that it can be told again.
 */
import type {
  Event,
  HoldingSample,
  HostEvent,
  KernelSample,
  LostEvent,
  OomKillEvent,
  PlanEvent,
  ProbesEvent,
  ProcessId,
  RefusedSample,
  SplitCause,
  SplitLevel,
} from "../../../collector/events.ts";
import { Ledger } from "../../../collector/ledger/ledger.ts";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { bytes, inode, monotonicNs, pages, pid, startTicks, wallMs } from "../../../collector/units.ts";

export const pageBytes = 4096;

/** A process by pid, and start where the pid was reused. */
export const process = (number: number, started = 1): ProcessId => ({ pid: pid(number), started: startTicks(started) });

type Told = Event extends infer E ? (E extends Event ? Omit<E, "at"> : never) : never;
type Levels = Partial<Record<SplitLevel, number | null>>;

export class Story {
  readonly ledger: Ledger;
  readonly events: Event[] = [];
  epoch = 0;
  #ns = 1_000_000_000n;
  #sequence = 0;

  constructor(ledger = new Ledger()) {
    this.ledger = ledger;
  }

  /** A story in which all routes are open and the probes run. */
  static watching(splits: Levels = { "2m": 0, "1g": 0 }): Story {
    const story = new Story();
    story.host();
    story.tell({ kind: "clock", wall: wallMs(1_700_000_000_000) });
    story.plan();
    story.kernel(splits);
    story.attached();
    return story;
  }

  get now(): bigint {
    return this.#ns;
  }

  get snapshot(): Snapshot {
    return this.ledger.snapshot();
  }

  /** Resident pages of one file as shown: undefined when the file is not there. */
  residentPages(number: number): number | null | undefined {
    const file = this.snapshot.secret.files.find((each) => each.inode === number);
    return file?.residentBytes == null ? file?.residentBytes : file.residentBytes / pageBytes;
  }

  tell(event: Told): void {
    const told = { ...event, at: monotonicNs(this.#ns) } as Event;
    this.#ns += 1_000_000n;
    this.events.push(told);
    this.ledger.apply(told);
  }

  wait(ms: number): void {
    this.#ns += BigInt(ms) * 1_000_000n;
  }

  host(more: Partial<HostEvent> = {}): void {
    this.tell({
      kind: "host",
      name: "model",
      kernel: "6.0",
      bootId: "b",
      memoryBytes: bytes(2 ** 31),
      pageBytes: bytes(pageBytes),
      accounting: "user",
      secretDevice: "00:0d",
      ...more,
    });
  }

  plan(
    routes: PlanEvent["routes"] = {
      pages: "tracepoint",
      splits: "tracepoint",
      oom: "tracepoint",
      refusals: "tracepoint",
      faults: "tracepoint",
    },
    more: Partial<PlanEvent> = {},
  ): void {
    this.tell({ kind: "plan", routes, blind: [], intervalMs: 1000, ...more });
  }

  attached(bpftrace = 4000): void {
    this.epoch++;
    this.tell({ kind: "probes", state: "attached", epoch: this.epoch, pid: pid(bpftrace), reason: "" });
  }

  detached(state: Exclude<ProbesEvent["state"], "attached"> = "lost", reason = "bpftrace was killed"): void {
    this.tell({ kind: "probes", state, epoch: this.epoch, pid: null, reason });
  }

  /** The probes die, are attached again, and what lay between was not seen. */
  restart(): void {
    const from = monotonicNs(this.#ns);
    this.detached();
    this.attached();
    this.tell({ kind: "gap", from, reason: "bpftrace ended and was started again" });
  }

  tick(): void {
    this.tell({ kind: "tick", epoch: this.epoch, sequence: ++this.#sequence });
  }

  created(by: ProcessId, file: number): void {
    this.tell({ kind: "created", ...by, inode: inode(file) });
  }

  allocated(by: ProcessId, file: number, total: number): void {
    this.tell({ kind: "allocated", ...by, epoch: this.epoch, inode: inode(file), pages: pages(total) });
  }

  freed(file: number, total: number, kill = 0): void {
    this.tell({ kind: "freed", epoch: this.epoch, inode: inode(file), kill, pages: pages(total) });
  }

  size(file: number, now: number): void {
    this.tell({ kind: "fileSize", inode: inode(file), pages: pages(now) });
  }

  split(
    by: ProcessId,
    count: number,
    {
      cause = "secretmem" as SplitCause,
      level = null as SplitLevel | null,
      stack = [] as string[],
      generation = 1,
    } = {},
  ): void {
    this.tell({ kind: "split", ...by, epoch: generation, cause, level, stack, count });
  }

  refused(by: ProcessId, count: number, what: RefusedSample["what"] = "fault", code = "SIGBUS"): void {
    this.tell({ kind: "refused", ...by, epoch: this.epoch, what, code, count });
  }

  kernel(splits: Levels = {}, more: Partial<KernelSample> = {}): void {
    const earlier = this.ledger.kernel?.splits;
    this.tell({
      kind: "kernel",
      splits: { "2m": earlier?.["2m"] ?? null, "1g": earlier?.["1g"] ?? null, ...splits },
      collapses: { "2m": null, "1g": null },
      directMapBytes: { "4k": null, "2m": null, "1g": null },
      oomKills: null,
      unevictableBytes: null,
      ...more,
    });
  }

  named(who: ProcessId, comm: string, cgroup: string | null = "/"): void {
    this.tell({ kind: "process", ...who, comm, uid: 0, cgroup });
  }

  exit(who: ProcessId): void {
    this.tell({ kind: "exit", ...who });
  }

  oomKill(kill: number, more: Partial<OomKillEvent> = {}): void {
    const party = (number: number) => ({ pid: pid(number), comm: "victim", uid: 0, cgroup: null });
    this.tell({
      kind: "oomKill",
      epoch: this.epoch,
      kill,
      victim: party(7),
      trigger: party(8),
      constraint: null,
      cgroup: null,
      ...more,
    });
  }

  holding(who: ProcessId, file: number, more: Partial<HoldingSample> = {}): void {
    this.tell({
      kind: "holding",
      ...who,
      inode: inode(file),
      descriptors: 1,
      mappings: 1,
      mappedBytes: bytes(pageBytes),
      residentBytes: bytes(pageBytes),
      proportionalBytes: bytes(pageBytes),
      memlockLimitBytes: null,
      ...more,
    });
  }

  /** A complete look at /proc that finds these holdings and no others; of known holders only: as of the last at all. */
  look(holdings: readonly (readonly [ProcessId, number])[], hidden = 0, began = monotonicNs(this.#ns)): void {
    for (const [who, file] of holdings) this.holding(who, file);
    this.tell({ kind: "scan", began, processes: 100, hidden, partial: false });
  }

  lost(what: LostEvent["what"], count: number): void {
    this.tell({ kind: "lost", what, count });
  }
}
