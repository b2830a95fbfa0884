/** One look at all processes, or at some: who holds which secret file. */
import type { Device } from "../../../probes/kernel/secretFile.ts";
import type { SystemCalls, Unavailable } from "../../../probes/kernel/syscalls.ts";
import { type MonotonicNs, monotonicNs } from "../../units.ts";
import { hibernationSupport } from "./hibernation.ts";
import { type Holding, readHoldings } from "./holdings.ts";
import { MappingQuery } from "./mappingQuery.ts";
import { readStat } from "./processes.ts";
import { defaultProcRoot, denied, gone, isMissing, listNumbers, type Missing } from "./procFile.ts";
import { type Identification, SecretDevice } from "./secretDevice.ts";
import { suspect } from "./suspicion.ts";
import { unseenProcesses } from "./visibility.ts";

export type { Holding } from "./holdings.ts";

/** A secret file and everybody who was seen to hold it. */
export interface HeldFile {
  readonly device: Device;
  readonly inode: number;
  readonly holdings: readonly Holding[];
  /** Magic links that lead to the file, for stat or open with O_PATH. */
  readonly paths: readonly string[];
}

export interface ScannedHolding extends Holding {
  /** When it was read. */
  readonly at: MonotonicNs;
}

export interface Scan {
  /** all: whoever is not named holds nothing. some: says nothing about others. */
  readonly scope: "all" | "some";
  readonly began: MonotonicNs;
  readonly ended: MonotonicNs;
  readonly holdings: readonly ScannedHolding[];
  readonly files: readonly HeldFile[];
  /** Pids that the scan set out to look at. */
  readonly asked: ReadonlySet<number>;
  /** Of them, those that were there. */
  readonly pids: ReadonlySet<number>;
  /** Of them, those that could not be looked into. */
  readonly hidden: number;
  /** /proc does not even list all processes (hidepid, pid namespace). */
  readonly blindToOthers: boolean;
  /** hibernation: no process was looked into, because the kernel says that no secret file exists. */
  readonly by: "look" | "hibernation";
}

export interface ScannerOptions {
  readonly procRoot?: string;
  readonly sysRoot?: string;
  /** secretmem's device; undefined: learned from the first secret file that is met. */
  readonly device?: Device | undefined;
  readonly calls?: SystemCalls | Unavailable;
  /** How long to work before others get their turn on the event loop, ms. */
  readonly sliceMs?: number;
  readonly now?: () => MonotonicNs;
  /** For tests whose /proc is a folder. */
  readonly identification?: Identification;
}

export class ProcessScanner {
  readonly #procRoot: string;
  readonly #sysRoot: string;
  readonly #secret: SecretDevice;
  readonly #query: MappingQuery;
  readonly #sliceMs: number;
  readonly #now: () => MonotonicNs;
  /** So that a kernel thread is recognised once; a pid leaves when it is not seen or turns out to have a life. */
  #kernelThreads = new Set<number>();

  constructor(options: ScannerOptions = {}) {
    this.#procRoot = options.procRoot ?? defaultProcRoot;
    this.#sysRoot = options.sysRoot ?? "/sys";
    this.#secret = new SecretDevice(options.device, options.identification);
    this.#query = new MappingQuery(options.calls);
    this.#sliceMs = options.sliceMs ?? 5;
    this.#now = options.now ?? (() => monotonicNs(process.hrtime.bigint()));
  }

  /** secretmem's device, given or learned. */
  get device(): Device | undefined {
    return this.#secret.device;
  }

  /** Throws only when /proc itself cannot be listed, or when `signal` is aborted (its reason). */
  async scanAll(signal?: AbortSignal): Promise<Scan> {
    const began = this.#now();
    // Asked before the list is made: a file made in between may be missing, as `began` promises.
    const none = hibernationSupport({ procRoot: this.#procRoot, sysRoot: this.#sysRoot }).state === "available";
    const pids = listNumbers(this.#procRoot);
    if (isMissing(pids)) throw new Error(`${this.#procRoot} cannot be listed: is proc mounted there?`);
    if (none)
      return this.#result(
        "all",
        began,
        { holdings: [], asked: new Set(pids), pids: new Set(pids), hidden: 0 },
        "hibernation",
      );
    const found = await this.#look(pids, signal);
    this.#kernelThreads = new Set(pids.filter((pid) => this.#kernelThreads.has(pid)));
    return this.#result("all", began, found, "look");
  }

  /**
   * Looks at these processes only: those an event named, and the holders so far (ScanReporter.holders), without which
   * the result is no picture of the whole.
   */
  async scanSome(pids: Iterable<number>, signal?: AbortSignal): Promise<Scan> {
    const began = this.#now();
    return this.#result("some", began, await this.#look([...new Set(pids)], signal), "look");
  }

  async #look(pids: readonly number[], signal: AbortSignal | undefined) {
    const holdings: ScannedHolding[] = [];
    const seen = new Set<number>();
    let hidden = 0;
    let turnEnds = performance.now() + this.#sliceMs;
    for (const pid of pids) {
      signal?.throwIfAborted();
      const found = this.#process(pid);
      if (found !== gone) seen.add(pid);
      if (found === denied) hidden++;
      if (!isMissing(found) && found.length > 0) {
        const at = this.#now();
        for (const holding of found) holdings.push({ ...holding, at });
      }
      if (performance.now() >= turnEnds) {
        await new Promise((resolve) => setImmediate(resolve));
        turnEnds = performance.now() + this.#sliceMs;
      }
    }
    return { holdings, asked: new Set(pids), pids: seen, hidden };
  }

  #process(pid: number): readonly Holding[] | Missing {
    const folder = `${this.#procRoot}/${pid}`;
    const suspicion = suspect(folder, this.#secret.device, this.#query);
    if (suspicion === "holder?") return readHoldings(pid, pid, this.#procRoot, this.#secret);
    if (isMissing(suspicion)) return suspicion;
    if (suspicion === "nothing") return this.#livingThread(pid, folder);
    this.#kernelThreads.delete(pid);
    return [];
  }

  /** A main thread can end before the others: then its own tables are gone and theirs, shared, are still there. */
  #livingThread(pid: number, folder: string): readonly Holding[] | Missing {
    if (this.#kernelThreads.has(pid)) return [];
    const stat = readStat(folder);
    if (stat?.kernelThread === true) this.#kernelThreads.add(pid);
    if (stat === undefined || stat.kernelThread || stat.state !== "Z") return [];
    const threads = listNumbers(`${folder}/task`);
    if (isMissing(threads)) return threads;
    for (const tid of threads) {
      if (tid === pid) continue;
      const suspicion = suspect(`${folder}/task/${tid}`, this.#secret.device, this.#query);
      if (suspicion === "holder?") return readHoldings(pid, tid, this.#procRoot, this.#secret);
      if (suspicion === "no" || suspicion === denied) return suspicion === denied ? denied : [];
    }
    return [];
  }

  #result(
    scope: Scan["scope"],
    began: MonotonicNs,
    found: Pick<Scan, "holdings" | "asked" | "pids" | "hidden">,
    by: Scan["by"],
  ): Scan {
    return {
      scope,
      began,
      ended: this.#now(),
      ...found,
      files: byFile(found.holdings),
      blindToOthers: unseenProcesses(this.#procRoot).length > 0,
      by,
    };
  }
}

function byFile(holdings: readonly Holding[]): readonly HeldFile[] {
  const groups = new Map<string, Holding[]>();
  for (const holding of holdings) {
    const key = `${holding.device.sDev} ${holding.inode}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [holding]);
    else group.push(holding);
  }
  return Array.from(groups.values(), (group) => {
    const [first] = group as [Holding, ...Holding[]];
    return {
      device: first.device,
      inode: first.inode,
      holdings: group,
      paths: group.flatMap((holding) => holding.paths),
    };
  });
}
