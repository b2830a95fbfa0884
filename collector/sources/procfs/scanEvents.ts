/** A scan, as events for the ledger. */
import type { Event, HoldingSample, ProcessEvent } from "../../events.ts";
import { bytes, inode, type MonotonicNs, pid as toPid } from "../../units.ts";
import type { ProcessRecord } from "./processes.ts";
import type { Scan, ScannedHolding } from "./scan.ts";

/**
 * Remembers the holders of the last scan, to name each once, again when it is renamed or moved, and to say when it
 * ended. As large as the number of holders.
 */
export class ScanReporter {
  #known: ReadonlyMap<number, ProcessRecord> = new Map();
  #full: Pick<Scan, "began" | "hidden" | "pids" | "blindToOthers"> | undefined;

  /** Pids of the holders so far: what a look at some processes has to include. */
  get holders(): Iterable<number> {
    return this.#known.keys();
  }

  /**
   * In the order the ledger wants: ends, names, holdings, and the ScanEvent that closes them. A look at some processes
   * counts as a scan that began with the last full one, if it includes all holders of then. If not, or if there was no
   * full one, it can give names and ends only: the ledger takes whoever is not named for one who holds nothing.
   */
  events(scan: Scan): readonly Event[] {
    const holders = byProcess(scan.holdings);
    const events = [...this.#exits(scan, holders), ...this.#names(holders)];
    if (scan.scope === "all") this.#full = scan;
    const complete = scan.scope === "all" || Array.from(this.#known.keys()).every((pid) => scan.asked.has(pid));
    const named = complete ? [] : Array.from(this.#known).filter(([pid]) => !scan.asked.has(pid));
    this.#known = new Map([...named, ...Array.from(holders, ([pid, [first]]) => [pid, first.process] as const)]);
    if (complete && this.#full !== undefined) {
      const { began, hidden, pids, blindToOthers: partial } = this.#full;
      for (const holding of scan.holdings) events.push(holdingSample(holding));
      events.push({ kind: "scan", at: scan.ended, began, processes: pids.size, hidden, partial });
    }
    return events;
  }

  /** A pid that is not there, or is another process now. */
  #exits(scan: Scan, holders: Holders): Event[] {
    const ended: Event[] = [];
    for (const [pid, { started }] of this.#known) {
      const now = holders.get(pid)?.[0].process;
      const absent = !scan.pids.has(pid) && (scan.scope === "all" || scan.asked.has(pid));
      if (absent || (now !== undefined && now.started !== started)) {
        ended.push({ kind: "exit", at: scan.ended, pid: toPid(pid), started });
      }
    }
    return ended;
  }

  #names(holders: Holders): Event[] {
    const news: Event[] = [];
    for (const [pid, [{ process, at }]] of holders) {
      if (isNews(this.#known.get(pid), process)) news.push(processEvent(process, at));
    }
    return news;
  }
}

type Holders = ReadonlyMap<number, readonly [ScannedHolding, ...ScannedHolding[]]>;

function byProcess(holdings: readonly ScannedHolding[]): Holders {
  const groups = new Map<number, [ScannedHolding, ...ScannedHolding[]]>();
  for (const holding of holdings) {
    const group = groups.get(holding.process.pid);
    if (group === undefined) groups.set(holding.process.pid, [holding]);
    else group.push(holding);
  }
  return groups;
}

function isNews(before: ProcessRecord | undefined, now: ProcessRecord): boolean {
  return (
    before?.started !== now.started ||
    before.comm !== now.comm ||
    before.uid !== now.uid ||
    before.cgroup !== now.cgroup
  );
}

function processEvent({ pid, started, comm, uid, cgroup }: ProcessRecord, at: MonotonicNs): ProcessEvent {
  return { kind: "process", at, pid, started, comm, uid, cgroup };
}

function holdingSample(holding: ScannedHolding): HoldingSample {
  const { process, at, memlockLimitBytes } = holding;
  return {
    kind: "holding",
    at,
    pid: process.pid,
    started: process.started,
    inode: inode(holding.inode),
    descriptors: holding.descriptors.length,
    mappings: holding.mappings.length,
    mappedBytes: bytes(holding.mappedBytes),
    residentBytes: holding.residentBytes === null ? null : bytes(holding.residentBytes),
    proportionalBytes: holding.proportionalBytes === null ? null : bytes(holding.proportionalBytes),
    memlockLimitBytes: typeof memlockLimitBytes === "number" ? bytes(memlockLimitBytes) : memlockLimitBytes,
  };
}
