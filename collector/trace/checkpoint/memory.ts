/**
 * What a checkpoint is made from: a ledger that was fed everything up to the last reading, what the ledger keeps to
 * itself, and the events since that reading, word for word.
 */
import type {
  Event,
  FreedSample,
  KernelSample,
  PlanEvent,
  ProbesEvent,
  RequestSample,
  SplitLevel,
  TickEvent,
} from "../../events.ts";
import { EpochCounter } from "../../ledger/counters.ts";
import type { SecretFile } from "../../ledger/files.ts";
import { Ledger } from "../../ledger/ledger.ts";
import { type ProcessKey, processKey } from "../../ledger/processes.ts";
import { type Inode, type MonotonicNs, pages } from "../../units.ts";

/** The last sample of one counter. */
export interface LastSample {
  readonly epoch: number;
  readonly count: number;
}

/** One start of the probes, and the plan of then. */
export interface Life {
  readonly plan: PlanEvent | undefined;
  readonly attached: ProbesEvent;
}

export interface RequestMemory {
  readonly sample: RequestSample;
  readonly count: EpochCounter;
  readonly timed: EpochCounter;
  readonly totalNs: EpochCounter;
}

/** Counters of one inode number, as the ledger keeps them to itself. */
export interface FileCounters {
  /** As the ledger has it, or had it when it went. */
  readonly file: SecretFile;
  /** In which the pages are counted. */
  epoch: number;
  readonly allocated: Map<ProcessKey, EpochCounter>;
  readonly freed: Map<number, EpochCounter>;
  /** What had been allocated under this number before the present file was made. */
  readonly earlier: ReadonlyMap<ProcessKey, number>;
}

export type SplitCounters = Map<SplitLevel | "unknown", LastSample>;
/** Since a reading may fail for ever, what follows it is thinned beyond this. */
const longTail = 20_000;
/** As many as ledger/files.ts remembers. */
const mostPast = 1024;

export class CheckpointMemory {
  readonly ledger = new Ledger();
  /** Since the last reading; not in the ledger yet. */
  tail: Event[] = [];
  readonly lives: Life[] = [];
  firstKernel: KernelSample | undefined;
  lastProbes: ProbesEvent | undefined;
  lastTick: TickEvent | undefined;
  readonly processes = new Set<ProcessKey>();
  readonly splits = new Map<string, SplitCounters>();
  readonly refusals = new Map<string, LastSample>();
  readonly requests = new Map<string, RequestMemory>();
  readonly files = new Map<Inode, FileCounters>();
  /** Files that went, whose counters the kernel may still tell; oldest first. */
  readonly past = new Map<Inode, FileCounters>();
  /** In which pages are counted; 0: they are not. */
  counting = 0;
  /** No look at /proc is half told. */
  isBetweenLooks = true;
  #thinAt = longTail;

  take(event: Event): void {
    // No part of any state.
    if (event.kind === "page") return;
    this.tail.push(event);
    if (event.kind === "holding" || event.kind === "scan") this.isBetweenLooks = event.kind === "scan";
    if (event.kind === "tick") {
      for (const earlier of this.tail) {
        this.#note(earlier);
        const before = "inode" in earlier ? this.ledger.files.get(earlier.inode) : undefined;
        this.ledger.apply(earlier);
        this.#noteFile(earlier, before);
      }
      this.tail = [];
      this.#thinAt = longTail;
      this.#prune();
    } else if (this.tail.length >= this.#thinAt) {
      this.tail = thinned(this.tail);
      this.#thinAt = Math.max(longTail, 2 * this.tail.length);
    }
  }

  #note(event: Event): void {
    switch (event.kind) {
      case "kernel":
        this.firstKernel ??= event;
        break;
      case "probes":
        this.lastProbes = event;
        if (event.state === "attached") this.#begin({ plan: this.ledger.plan, attached: event });
        break;
      case "tick":
        this.lastTick = event;
        break;
      case "process": {
        // The order in which the ledger knows them; one that it has forgotten is met anew.
        const key = processKey(event);
        if (this.ledger.processes.get(key) === undefined) this.processes.delete(key);
        this.processes.add(key);
        break;
      }
      case "split": {
        const name = splitName(event.cause, processKey(event), event.stack);
        const counters: SplitCounters = this.splits.get(name) ?? new Map();
        this.splits.set(name, counters);
        const level = event.level ?? "unknown";
        counters.set(level, later(counters.get(level), event));
        break;
      }
      case "refused": {
        const name = refusalName(processKey(event), event.what, event.code);
        this.refusals.set(name, later(this.refusals.get(name), event));
        break;
      }
      case "requests":
        this.#noteRequest(event);
        break;
      default:
        break;
    }
  }

  #begin(life: Life): void {
    this.lives.push(life);
    if (life.plan?.routes.pages === undefined) return;
    this.counting = life.attached.epoch;
    for (const file of this.files.values()) file.epoch = this.counting;
  }

  /** Follows ledger/files.ts: a file under a number that was used in this epoch goes on with its counters. */
  #noteFile(event: Event, before: SecretFile | undefined): void {
    if (event.kind === "tick") {
      for (const inode of this.files.keys()) if (this.ledger.files.get(inode) === undefined) this.#drop(inode);
      return;
    }
    if (!("inode" in event)) return;
    const now = this.ledger.files.get(event.inode);
    if (now === undefined) return;
    if (now !== before) {
      this.#drop(event.inode);
      const past = this.past.get(event.inode);
      this.past.delete(event.inode);
      this.files.set(event.inode, successor(now, past, this.counting));
    }
    const file = this.files.get(event.inode);
    if (file === undefined) return;
    if (event.kind === "allocated") counterOf(file.allocated, processKey(event)).sample(event.epoch, event.pages);
    if (event.kind === "freed") counterOf(file.freed, event.kill).sample(event.epoch, event.pages);
  }

  #drop(inode: Inode): void {
    const file = this.files.get(inode);
    if (file === undefined) return;
    this.files.delete(inode);
    this.past.delete(inode);
    this.past.set(inode, file);
    if (this.past.size <= mostPast) return;
    const oldest = this.past.keys().next().value;
    if (oldest !== undefined) this.past.delete(oldest);
  }

  #noteRequest(event: RequestSample): void {
    const name = `${event.function} ${event.result}`;
    const known = this.requests.get(name) ?? {
      count: new EpochCounter(),
      timed: new EpochCounter(),
      totalNs: new EpochCounter(),
    };
    this.requests.set(name, { ...known, sample: event });
    known.count.sample(event.epoch, event.count);
    if (event.totalNs === null) return;
    known.timed.sample(event.epoch, event.count);
    known.totalNs.sample(event.epoch, event.totalNs);
  }

  /** What the ledger has forgotten is forgotten here, now and then. */
  #prune(): void {
    const { ledger } = this;
    if (this.processes.size > 2 * ledger.processes.size + 64) {
      for (const key of this.processes) if (ledger.processes.get(key) === undefined) this.processes.delete(key);
    }
    const entries = ledger.splits.entries;
    if (this.splits.size > 2 * entries.length + 64) {
      const kept = new Set(entries.map(({ cause, process, stack }) => splitName(cause, process, stack)));
      for (const name of this.splits.keys()) if (!kept.has(name)) this.splits.delete(name);
    }
    const refusing = [...ledger.refusals.processes];
    if (this.refusals.size > 16 * refusing.length + 64) {
      const kept = new Set(refusing.flatMap((p) => ledger.refusals.of(p).map((r) => refusalName(p, r.what, r.code))));
      for (const name of this.refusals.keys()) if (!kept.has(name)) this.refusals.delete(name);
    }
  }
}

function successor(file: SecretFile, past: FileCounters | undefined, epoch: number): FileCounters {
  if (past?.epoch !== epoch) return { file, epoch, allocated: new Map(), freed: new Map(), earlier: new Map() };
  return { ...past, file, earlier: new Map(Array.from(past.allocated, ([key, { total }]) => [key, total])) };
}

function counterOf<Key>(counters: Map<Key, EpochCounter>, key: Key): EpochCounter {
  const counter = counters.get(key) ?? new EpochCounter();
  counters.set(key, counter);
  return counter;
}

export const splitName = (cause: string, process: ProcessKey, stack: readonly string[]) =>
  `${cause}\n${process}\n${stack.join("\n")}`;
export const refusalName = (process: ProcessKey, what: string, code: string) => `${process} ${what} ${code}`;

function later(known: LastSample | undefined, { epoch, count }: LastSample): LastSample {
  if (known === undefined || epoch > known.epoch) return { epoch, count };
  return epoch === known.epoch && count > known.count ? { epoch, count } : known;
}

/** Without what something later of the same kind has replaced. */
function thinned(tail: readonly Event[]): Event[] {
  const last = new Map<string, Event>();
  for (const event of tail) if (event.kind === "kernel" || event.kind === "self") last.set(event.kind, event);
  const lastScan = tail.findLastIndex(({ kind }) => kind === "scan");
  const scanBefore = tail.findLastIndex(({ kind }, index) => kind === "scan" && index < lastScan);
  const files = new Set<number>();
  return tail.flatMap((event, index): Event[] => {
    if (event.kind === "kernel" || event.kind === "self") return last.get(event.kind) === event ? [event] : [];
    if (event.kind === "scan") return index >= lastScan ? [event] : [];
    if (event.kind !== "holding" || index > scanBefore) return [event];
    // Of an earlier look only this stays: the file has been known since then.
    if (files.has(event.inode)) return [];
    files.add(event.inode);
    return [openFile(event.inode, event.at)];
  });
}

/** Makes a file known and says nothing else about it. */
export const openFile = (inode: Inode, at: MonotonicNs): FreedSample => ({
  kind: "freed",
  at,
  epoch: 0,
  inode,
  kill: 0,
  pages: pages(0),
});
