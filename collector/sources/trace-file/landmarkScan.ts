/**
 * Looks through a whole trace for its landmarks, a few milliseconds at a time: whoever draws and takes keys meanwhile
 * gets their turn in between.
 */
import type { Event, KernelSample, PlanEvent } from "../../events.ts";
import { processKey } from "../../ledger/processes.ts";
import { Refusals } from "../../ledger/refusals.ts";
import { Listeners } from "../../listeners.ts";
import type { Seen } from "../../trace/holdingsReader.ts";
import { endsSample, type Part, parts } from "../../trace/playback.ts";
import type { TraceFile } from "../../trace/traceFile.ts";
import { type LandmarkKind, type Landmarks, Spans } from "./landmarks.ts";

/** A frame takes about this long: keys are still answered at once. */
const sliceMs = 8;

export class LandmarkScan implements Landmarks {
  readonly #file: TraceFile;
  readonly #parts: Generator<Part, void, undefined>;
  readonly #spans: Readonly<Record<LandmarkKind, Spans>> = {
    split: new Spans(),
    refused: new Spans(),
    oomKill: new Spans(),
    gap: new Spans(),
  };
  readonly #progress = new Listeners<void>();
  /** Of the sample that is being read: what was found, and when it began. */
  readonly #found = new Map<LandmarkKind, bigint>();
  /** The ledger's own: what it does not count is no landmark. */
  readonly #refusals = new Refusals();
  #plan: PlanEvent | undefined;
  #kernel: KernelSample | undefined;
  /** Kills that were told one by one and are not in the kernel's counter yet. */
  #killsTold = 0;
  #last = 0n;
  #done = false;
  #timer: NodeJS.Immediate | undefined;

  constructor(file: TraceFile) {
    this.#file = file;
    this.#parts = parts(file);
  }

  get read(): number {
    const [first, last] = [this.#file.batches[0]?.from ?? 0n, this.#file.batches.at(-1)?.to ?? 0n];
    if (this.#done || last <= first) return this.#done ? 1 : 0;
    return Math.max(0, Math.min(0.99, Number(this.#last - first) / Number(last - first)));
  }

  between(kind: LandmarkKind, from: bigint, to: bigint): boolean {
    const found = this.#spans[kind].at(this.#spans[kind].from(from));
    return found !== undefined && found.from < to;
  }

  next(kind: LandmarkKind, after: bigint): bigint | undefined {
    return this.#spans[kind].at(this.#spans[kind].from(after + 1n))?.to;
  }

  previous(kind: LandmarkKind, before: bigint): bigint | undefined {
    return this.#spans[kind].at(this.#spans[kind].from(before) - 1)?.to;
  }

  /** Called after each slice, and when all was read. */
  onProgress(listener: () => void): () => void {
    return this.#progress.add(listener);
  }

  start(): void {
    if (this.#done || this.#timer !== undefined) return;
    const slice = () => {
      this.#timer = undefined;
      this.scan(performance.now() + sliceMs);
      this.#progress.tell();
      if (!this.#done) this.#timer = setImmediate(slice);
    };
    this.#timer = setImmediate(slice);
  }

  /** Before the file is closed. */
  stop(): void {
    clearImmediate(this.#timer);
    this.#timer = undefined;
  }

  /** Reads on until a time of performance.now(), by default to the end. */
  scan(until = Number.POSITIVE_INFINITY): void {
    while (!this.#done) {
      const { value } = this.#parts.next();
      if (value === undefined) {
        this.#end(this.#last);
        this.#done = true;
      } else this.#take(value);
      if (performance.now() >= until) return;
    }
  }

  #take({ isState, events }: Part): void {
    // A replay that is sent to a time stops before a new state as well.
    if (isState) this.#end(this.#last);
    for (const event of events) {
      if (event.kind === "pageBurst") continue;
      this.#look(event, isState);
      if (isState) continue;
      // The ledger's time is the latest that it was told, too.
      if (event.at > this.#last) this.#last = event.at;
      if (endsSample(event)) this.#end(this.#last);
    }
  }

  #end(at: bigint): void {
    for (const [kind, from] of this.#found) this.#spans[kind].add({ from, to: at });
    this.#found.clear();
  }

  /** @param isState it says how things are: nothing happened */
  #look(event: Seen, isState: boolean): void {
    const mark = (kind: LandmarkKind, from: bigint = event.at) => {
      if (!isState && !this.#found.has(kind)) this.#found.set(kind, from);
    };
    switch (event.kind) {
      case "kernel":
        if (this.#hasSplit(event)) mark("split");
        if (this.#hasUntoldKill(event)) mark("oomKill");
        this.#kernel = event;
        return;
      case "split":
        // The kernel's own counter says the same and says it of all; some kernels have none.
        if (this.#kernel === undefined || this.#kernel.splits["2m"] === null) mark("split");
        return;
      case "plan":
        this.#plan = event;
        return;
      case "refused":
      case "created":
      case "allocated":
      case "holding":
        if (this.#isRefused(event)) mark("refused");
        return;
      case "lookChange":
        for (const holding of event.changed) if (this.#isRefused(holding)) mark("refused");
        return;
      case "oomKill":
        if (!isState) this.#killsTold += 1;
        mark("oomKill");
        return;
      case "gap":
        mark("gap", event.from);
        return;
      default:
        return;
    }
  }

  #hasSplit({ splits }: KernelSample): boolean {
    const before = this.#kernel?.splits;
    return (["2m", "1g"] as const).some((level) => (splits[level] ?? 0) > (before?.[level] ?? splits[level] ?? 0));
  }

  #hasUntoldKill({ oomKills }: KernelSample): boolean {
    const more = (oomKills ?? 0) - (this.#kernel?.oomKills ?? oomKills ?? 0);
    const untold = more - this.#killsTold;
    this.#killsTold = Math.max(0, -untold);
    return untold > 0;
  }

  /** As in ledger.ts: a fault that may be on any memory counts once its process has to do with secret memory. */
  #isRefused(event: Event & { kind: "refused" | "created" | "allocated" | "holding" }): boolean {
    const before = this.#refusals.count;
    if (event.kind === "refused") {
      const isCertain = event.what !== "fault" || this.#plan?.routes.faults !== "tracepoint";
      this.#refusals.sample(event, { isCertain, hasEnded: () => false });
    } else this.#refusals.concern(processKey(event));
    return this.#refusals.count > before;
  }
}
