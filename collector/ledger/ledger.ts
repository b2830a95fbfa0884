/**
 * Events in, state out. The ledger believes nothing but its input: no clock, no file, no process is asked, so a replay
 * of the same events ends in the same snapshot.
 */
import type {
  ClockEvent,
  Event,
  GapEvent,
  HostEvent,
  KernelSample,
  PageBurst,
  PlanEvent,
  SelfSample,
} from "../events.ts";
import type { Snapshot } from "../snapshot.ts";
import { type MonotonicNs, monotonicNs } from "../units.ts";
import { Files, type SecretFile } from "./files.ts";
import { Holdings, type LookChange } from "./holdings.ts";
import { OomKills } from "./oom.ts";
import { Processes, type ProcessKey, processKey } from "./processes.ts";
import { Refusals } from "./refusals.ts";
import { Requests } from "./requests.ts";
import { Splits } from "./splits.ts";
import { view } from "./view.ts";

/** Older gaps are forgotten; the count of restarts is not. */
const keepGaps = 100;

export class Ledger {
  readonly files = new Files();
  readonly holdings = new Holdings();
  readonly processes = new Processes();
  readonly splits = new Splits();
  readonly refusals = new Refusals();
  readonly oom = new OomKills();
  readonly requests = new Requests();
  host: HostEvent | undefined;
  clock: ClockEvent | undefined;
  plan: PlanEvent | undefined;
  self: SelfSample | undefined;
  kernel: KernelSample | undefined;
  readonly gaps: GapEvent[] = [];
  /** Of the last event. */
  now: MonotonicNs = monotonicNs(0n);
  epoch = 0;
  /** The kernel program runs and counts. */
  attached = false;
  /** Why it does not. */
  detachedReason: string | null = null;
  restarts = 0;
  /** bpftrace's pid, and those of earlier epochs: splits under them are our own. */
  probesPid: number | null = null;
  readonly ownPids = new Set<number>();
  attachedAt: MonotonicNs = monotonicNs(0n);
  lostLines = 0;
  lostKeys = 0;
  unreadable = 0;
  /** When the last complete reading of the counters came. */
  lastTick: MonotonicNs | null = null;
  #tickBefore: MonotonicNs | null = null;

  apply(event: Event | LookChange | PageBurst): void {
    // Single pages are for study: the counters tell the figures, and tell them also when a line was lost.
    if (event.kind === "page" || event.kind === "pageBurst") return;
    if (event.at > this.now) this.now = event.at;
    switch (event.kind) {
      case "host":
        this.host = event;
        break;
      case "clock":
        this.clock = event;
        break;
      case "plan":
        this.plan = event;
        break;
      case "self":
        this.self = event;
        break;
      case "probes":
        if (event.state === "attached") {
          if (this.epoch > 0) this.restarts++;
          this.epoch = event.epoch;
          if (this.plan?.routes.pages !== undefined) this.files.enter(event.epoch);
          this.attachedAt = event.at;
          this.probesPid = event.pid;
          if (event.pid !== null) this.ownPids.add(event.pid);
        }
        this.attached = event.state === "attached";
        this.detachedReason = this.attached ? null : event.reason;
        break;
      case "tick":
        this.#settle(event.at);
        break;
      case "allocated":
        this.files.allocate(event);
        this.refusals.concern(processKey(event));
        break;
      case "freed":
        this.files.free(event);
        if (event.kill > 0) this.oom.free(event);
        break;
      case "fileSize":
        this.files.measure(event);
        break;
      case "split":
        this.splits.sample(event);
        break;
      case "ownSplits":
        this.splits.addOwn(event);
        break;
      case "kernel":
        this.kernel = event;
        this.splits.kernel(event);
        break;
      case "refused":
        this.refusals.sample(event, {
          isCertain: event.what !== "fault" || this.plan?.routes.faults !== "tracepoint",
          hasEnded: (key) => this.#hasNothingMoreToTell(key),
        });
        break;
      case "requests":
        this.requests.sample(event);
        break;
      case "created":
        this.files.create(event);
        this.refusals.concern(processKey(event));
        break;
      case "process":
        this.processes.meet(event);
        break;
      case "exit":
        this.processes.end(event, event.at);
        this.holdings.end(event);
        break;
      case "oomKill":
        this.oom.add(event);
        break;
      case "holding":
        this.files.see(event.inode, event.at);
        this.holdings.add(event);
        this.refusals.concern(processKey(event));
        break;
      case "scan":
        this.holdings.complete(event);
        for (const held of this.holdings.files) this.files.see(held, event.at);
        break;
      case "lookChange":
        this.holdings.change(event);
        this.#seeAll(event);
        break;
      case "lost":
        if (event.what === "lines") this.lostLines += event.count;
        else if (event.what === "keys") this.lostKeys += event.count;
        else this.unreadable += event.count;
        break;
      case "gap":
        this.gaps.push(event);
        if (this.gaps.length > keepGaps) this.gaps.shift();
        break;
    }
  }

  /** Whatever is held is a file, also one that had been given up before; whoever holds some has to do with it. */
  #seeAll({ at, changed }: LookChange): void {
    for (const sample of changed) {
      if (sample.at > this.now) this.now = sample.at;
      this.files.see(sample.inode, sample.at);
    }
    for (const held of this.holdings.files) this.files.see(held, at);
    for (const process of this.holdings.byProcess.keys()) this.refusals.concern(process);
  }

  /** major:minor of secretmem's superblock. */
  get device(): string | null {
    return this.host?.secretDevice ?? null;
  }

  snapshot(): Snapshot {
    return view(this);
  }

  /**
   * Held by nobody that /proc shows, as far as a look at all can tell that began after the file was last held: before it
   * was let go it may have been handed on, to a child or through a socket.
   */
  isUnheld(file: SecretFile): boolean {
    const scan = this.holdings.scan;
    return scan !== undefined && scan.began > file.lastHeld && this.holdings.holdersOf(file.inode).size === 0;
  }

  #settle(at: MonotonicNs): void {
    this.#tickBefore = this.lastTick;
    this.lastTick = at;
    this.files.settle();
    this.splits.settle();
    this.oom.settle(this.files, this.epoch);
    this.#forget();
  }

  /**
   * The dead leave: a file without pages that nobody holds, then processes that nothing speaks of. Only after a reading
   * that followed the look at /proc: a file may be in flight already and its pages not told yet.
   */
  #forget(): void {
    for (const file of this.files.all) {
      file.fold((key) => this.#hasNothingMoreToTell(key));
      if (!this.isUnheld(file)) continue;
      // Without counters a file is known by its holders alone: what it had last would be shown for ever.
      if (this.epoch === 0 || file.resident === 0 || this.#cannotExist(file)) this.files.drop(file.inode);
    }
    this.processes.forget(() => this.#needed);
  }

  /** It ended before the last reading but one: the last was asked for after its end, and told its last count. */
  #hasNothingMoreToTell(key: ProcessKey): boolean {
    const ended = this.processes.get(key)?.ended ?? null;
    return ended !== null && this.#tickBefore !== null && ended <= this.#tickBefore;
  }

  /**
   * A file that nobody holds and nobody could measure since a gap may have been freed in the gap. Secret pages are
   * unevictable, so it was if the kernel has fewer unevictable pages than it and those known for certain would need.
   */
  #cannotExist(file: SecretFile): boolean {
    const unevictable = this.kernel?.unevictableBytes ?? null;
    if (file.verified || unevictable === null) return false;
    if (file.resident === null) return file.moved <= 0;
    let certain = file.resident;
    for (const other of this.files.all) if (other.verified) certain += other.resident ?? 0;
    return certain * (this.host?.pageBytes ?? 4096) > unevictable;
  }

  get #needed(): Set<ProcessKey> {
    const keys = new Set<ProcessKey>([
      ...this.holdings.byProcess.keys(),
      ...this.refusals.processes,
      ...this.refusals.uncertain.map(({ process }) => process),
      ...this.splits.entries.map(({ process }) => process),
    ]);
    for (const file of this.files.all) {
      for (const [key] of file.allocators) keys.add(key);
      if (file.creator !== null) keys.add(processKey(file.creator));
    }
    return keys;
  }
}
