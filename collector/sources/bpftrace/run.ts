/** One life of bpftrace: its messages as events, its readings, and what is asked of the program in the kernel. */
import type { Message, Value } from "bpftrace-wrapper";
import { requestFunctions } from "../../../probes/catalog/requests/probe.ts";
import { errnoName } from "../../../probes/kernel/errno.ts";
import { faultResult } from "../../../probes/kernel/faultResult.ts";
import { mapKeys, type Plan } from "../../../probes/plan.ts";
import type { Emit, ProcessId, RefusedSample } from "../../events.ts";
import { inode, type MonotonicNs, pages, type StartTicks } from "../../units.ts";
import type { Commands } from "./commands.ts";
import { CounterMap } from "./counterMap.ts";
import { Identities } from "./identities.ts";
import { Lines } from "./lines.ts";
import { OomLines } from "./oomLines.ts";
import { type SplitCount, SplitMaps } from "./splitMaps.ts";

export interface RunOptions {
  readonly epoch: number;
  readonly plan: Plan;
  /** secretmem's s_dev. */
  readonly device: number | null;
  /** undefined: the program prints by itself, and keys stay in its maps. */
  readonly commands: Commands | undefined;
  readonly emit: Emit;
  readonly now: () => MonotonicNs;
  /** Numbers generations of the split maps, over all lives. */
  readonly nextGeneration: () => number;
  readonly cgroupPath: (id: bigint) => string | null;
  readonly cgroupOfProcess: (pid: number) => string | null;
  readonly startOf: (pid: number) => StartTicks | null;
  /** The file is known to have no page left: its counters will not move again. */
  readonly isGone: (inode: number) => boolean;
  /** A reading is in; what else belongs to it is emitted now, before the tick. */
  readonly onReading: (splits: readonly SplitCount[]) => void;
  /** Who holds what may have changed. */
  readonly onChange: (pid?: number) => void;
}

type Exact = number | bigint;

/** Ends of processes that are remembered until their keys are gone. */
const keepEnded = 65_536;
const refusedWhat: Readonly<Record<number, RefusedSample["what"]>> = { 1: "create", 2: "map", 3: "fault" };

export class Run {
  readonly #options: RunOptions;
  readonly #lines: Lines;
  readonly #identities: Identities;
  readonly #allocated = new CounterMap(3);
  readonly #freed = new CounterMap(2);
  readonly #refused = new CounterMap(4);
  readonly #requests = new CounterMap(2);
  readonly #latencies = new CounterMap(2);
  readonly #splits: SplitMaps | undefined;
  /** "pid,raw start" of processes that ended, and the number of the last reading that was asked for before. */
  readonly #ended = new Map<string, number>();
  readonly #named = new Set<string>();
  readonly #printed = new Set<string>();
  readonly #saidFull = new Set<string>();
  #asked = 0;
  #answering: number | undefined;
  #answered = 0;
  #lossless = true;

  constructor(options: RunOptions) {
    this.#options = options;
    const { plan, epoch, device, emit, now, cgroupPath, onChange } = options;
    this.#identities = new Identities(plan.exactStarts, options.startOf);
    this.#lines = new Lines({
      epoch,
      device,
      emit,
      now,
      cgroupPath,
      onChange,
      identities: this.#identities,
      oom: new OomLines(cgroupPath, options.cgroupOfProcess),
      onEnd: (pid, start) => this.#end(pid, start),
    });
    if (plan.reads.includes("@s0")) {
      this.#splits = new SplitMaps({
        byLevel: plan.reads.includes("@g0"),
        nextGeneration: options.nextGeneration,
      });
    }
  }

  /** Number of the last complete reading; 0 before the first. */
  get answered(): number {
    return this.#answered;
  }

  /** Number of the last reading asked for. */
  get asked(): number {
    return this.#asked;
  }

  ask(): void {
    this.#asked++;
    this.#options.commands?.read(this.#asked);
  }

  receive(message: Message): void {
    switch (message.type) {
      case "map":
        this.#map(message.name, message.data);
        break;
      case "value":
        this.#line(message.data);
        break;
      case "lost_events":
        this.#lose("lines", message.events);
        break;
      case "unparsed":
      case "overlong":
        this.#lose("unreadable", 1);
        break;
      default:
        break;
    }
  }

  /** bpftrace ended and printed its maps once more: the last word of the counters. */
  finish(): void {
    this.#settleSplits();
  }

  #lose(what: "lines" | "keys" | "unreadable", count: number): void {
    this.#lossless = false;
    this.#options.emit({ kind: "lost", at: this.#options.now(), what, count });
  }

  #line(line: Value): void {
    if (!Array.isArray(line)) return;
    const [tag = null, ...values] = line as readonly Value[];
    if (tag === "tick") {
      this.#answering = Number(values[0]);
      this.#printed.clear();
      this.#splits?.tick(Number(values[2]));
    } else if (tag === "tock") {
      if (this.#answering === Number(values[0])) this.#settle(this.#answering);
      this.#answering = undefined;
    } else this.#lines.take(tag, values);
  }

  #map(name: string, data: Value): void {
    this.#printed.add(name);
    if (name === "@a") this.#takeAllocated(data);
    else if (name === "@d") this.#takeFreed(data);
    else if (name === "@r") this.#takeRefused(data);
    else if (name === "@q") this.#requests.take(data);
    else if (name === "@ql") this.#latencies.take(data);
    else this.#splits?.take(name, data);
    this.#sayWhenFull(name, data);
  }

  #takeAllocated(data: Value): void {
    const { emit, epoch, now } = this.#options;
    const at = now();
    for (const { numbers, value } of this.#allocated.take(data)) {
      const [file = 0, pid = 0, start = 0] = numbers;
      const process = this.#identities.of(pid, start);
      emit({ kind: "allocated", at, epoch, inode: inode(file), ...process, pages: pages(value) });
    }
  }

  #takeFreed(data: Value): void {
    const { emit, epoch, now } = this.#options;
    const at = now();
    for (const { numbers, value } of this.#freed.take(data)) {
      const [file = 0, kill = 0] = numbers;
      emit({ kind: "freed", at, epoch, inode: inode(file), kill, pages: pages(value) });
    }
  }

  #takeRefused(data: Value): void {
    const { emit, epoch, now } = this.#options;
    const at = now();
    for (const { numbers, value } of this.#refused.take(data)) {
      const [pid = 0, start = 0, number = 0, error = 0] = numbers;
      const what = refusedWhat[number];
      if (what === undefined) continue;
      const code = what === "fault" ? "SIGBUS" : errnoName(error);
      emit({ kind: "refused", at, epoch, ...this.#identities.of(pid, start), what, code, count: value });
    }
  }

  /** bpftrace drops new keys of a full map without a word; as many keys as there is room for is the sign. */
  #sayWhenFull(name: string, data: Value): void {
    if (this.#saidFull.has(name) || data === null || typeof data !== "object") return;
    if (Object.keys(data).length < mapKeys) return;
    this.#saidFull.add(name);
    this.#lose("keys", 1);
  }

  #settle(number: number): void {
    const { emit, now, epoch, onReading } = this.#options;
    // An empty map is not printed. Silence is believed only when no line was lost.
    const isEmpty = (map: string) => this.#lossless && !this.#printed.has(map);
    if (isEmpty("@a")) this.#allocated.clear();
    if (isEmpty("@d")) this.#freed.clear();
    if (isEmpty("@r")) this.#refused.clear();
    this.#emitRequests();
    onReading(this.#settleSplits());
    this.#answered = number;
    // What was lost may have been a counter of this reading: then it is not complete, and the next one has it all.
    if (this.#lossless) {
      emit({ kind: "tick", at: now(), epoch, sequence: number });
      this.#tidy(number);
    }
    this.#lossless = true;
  }

  #settleSplits(): readonly SplitCount[] {
    const splits = this.#splits?.settle(this.#lossless) ?? [];
    const { emit, now } = this.#options;
    // Of one reading, so at one time.
    const at = now();
    for (const { pid, rawStart, comm, cause, level, stack, count, generation } of splits) {
      const process = this.#identities.of(pid, rawStart);
      if (comm !== "") this.#nameOnce(process, comm, at);
      emit({ kind: "split", at, epoch: generation, ...process, cause, level, stack, count });
    }
    return splits;
  }

  /** Who splits may be gone by now: the name came with the counter. */
  #nameOnce(process: ProcessId, comm: string, at: MonotonicNs): void {
    const key = `${process.pid}:${process.started}:${comm}`;
    if (this.#named.has(key)) return;
    if (this.#named.size >= keepEnded) this.#named.clear();
    this.#named.add(key);
    this.#options.emit({ kind: "process", at, ...process, uid: null, cgroup: null, comm });
  }

  #emitRequests(): void {
    const { emit, now, epoch } = this.#options;
    const latency = new Map([...this.#latencies.entries].map(({ numbers, value }) => [numbers.join(), value]));
    for (const { numbers, value } of this.#requests.entries) {
      const [number = 0, result = 0] = numbers;
      const name = requestFunctions.get(number);
      if (name === undefined) continue;
      emit({
        kind: "requests",
        at: now(),
        epoch,
        function: name,
        result: number === 1 ? faultResult(result) : result === 0 ? "0" : `-${errnoName(result)}`,
        count: value,
        totalNs: latency.get(numbers.join()) ?? null,
      });
    }
  }

  #end(pid: number, start: bigint): void {
    if (this.#ended.size >= keepEnded) {
      const oldest = this.#ended.keys().next().value;
      if (oldest !== undefined) this.#ended.delete(oldest);
    }
    this.#ended.set(`${pid},${start}`, this.#asked);
  }

  /**
   * After a reading: takes out of the kernel what can never move again and was read to the end. A process that ended
   * before the reading was asked for allocates no more; a file that has been freed is not allocated to any more.
   */
  #tidy(number: number): void {
    const { commands, isGone } = this.#options;
    if (commands === undefined) return;
    const isOver = (pid: Exact = 0, start: Exact = 0) => (this.#ended.get(`${pid},${start}`) ?? number) < number;
    const freed = new Set<number>();
    for (const { numbers } of this.#freed.entries) freed.add(numbers[0] ?? 0);
    const files = new Set<number>();
    for (const { numbers, exact } of this.#allocated.entries) {
      const [file = 0, pid = 0] = numbers;
      const start = exact[2] ?? 0;
      if (isOver(pid, start) || (freed.has(file) && isGone(file))) commands.removeAllocated(file, pid, start);
      else files.add(file);
    }
    for (const { numbers } of this.#freed.entries) {
      const [file = 0, kill = 0] = numbers;
      if (isGone(file) && !files.has(file)) commands.removeFreed(file, kill);
    }
    for (const { numbers, exact } of this.#refused.entries) {
      const [pid = 0, , what = 0, code = 0] = numbers;
      const start = exact[1] ?? 0;
      if (isOver(pid, start)) commands.removeRefused(pid, start, what, code);
    }
    const wish = this.#splits?.wish;
    if (wish !== undefined && "empty" in wish) commands.emptyGeneration(wish.empty);
    else if (wish !== undefined) commands.switchGeneration(wish.switchTo);
    if (this.#allocated.size === 0 && this.#refused.size === 0) this.#ended.clear();
  }
}
