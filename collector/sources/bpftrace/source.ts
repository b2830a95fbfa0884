/** bpftrace as a source: started, read at intervals, started again when it dies, stopped with its last words heard. */
import { Backoff, type BpftraceProcess, type BpftraceVersion, startBpftrace } from "bpftrace-wrapper";
import type { KernelOffer } from "../../../probes/kernel/offer.ts";
import type { SystemCalls } from "../../../probes/kernel/syscalls.ts";
import { mapKeys, type Plan, planFor } from "../../../probes/plan.ts";
import type { Blind, Detail, RouteChoice } from "../../../probes/words.ts";
import type { Emit, KernelSample } from "../../events.ts";
import { type MonotonicNs, type Pid, type StartTicks, pid as toPid } from "../../units.ts";
import type { Source } from "../source.ts";
import { Commands } from "./commands.ts";
import { OwnSplits } from "./ownSplits.ts";
import { PendingReadings } from "./pendingReadings.ts";
import { perfPages } from "./perfPages.ts";
import { Run } from "./run.ts";
import type { SplitCount } from "./splitMaps.ts";

export interface BpftraceSourceOptions {
  readonly path: string;
  readonly version: BpftraceVersion;
  readonly kernel: KernelOffer;
  readonly choice: RouteChoice;
  readonly device: number | null;
  readonly detail: Detail;
  readonly calls: SystemCalls | undefined;
  readonly intervalMs: number;
  readonly now: () => MonotonicNs;
  readonly kernelSample: () => KernelSample;
  readonly cgroupPath: (id: bigint) => string | null;
  readonly cgroupOfProcess: (pid: number) => string | null;
  readonly startOf: (pid: number) => StartTicks | null;
  readonly isGone: (inode: number) => boolean;
  /** Who holds what may have changed; the process to look at first, if one is known. */
  readonly onChange: (pid?: number) => void;
  /** What no route of this process can see. */
  readonly alsoBlind: readonly Blind[];
  /** A sentence for the person. */
  readonly onNotice: (notice: string) => void;
  /** How long attaching may take, until we go on without it and until it is given up, ms. */
  readonly patience?: { readonly goOnMs: number; readonly giveUpMs: number };
}

/** Attaching takes half a second, in an emulated machine under load more than a minute: then we show what there is. */
const patienceMs = 120_000;
/** Nothing takes that long which ever ends. */
const giveUpMs = 900_000;
/** So often in a row may it fail without ever having been attached. */
const hopelessAfter = 3;

export class BpftraceSource implements Source {
  readonly #options: BpftraceSourceOptions;
  readonly #backoff = new Backoff({ initialMs: 250, maxMs: 30_000, healthyMs: 60_000 });
  #emit: Emit = () => {};
  #choice: RouteChoice;
  #plan: Plan;
  #process: BpftraceProcess | undefined;
  #run: Run | undefined;
  #commands: Commands | undefined;
  #epoch = 0;
  #generation = 0;
  #stopping = false;
  #retry: NodeJS.Timeout | undefined;
  #pause: (() => void) | undefined;
  readonly #ownSplits = new OwnSplits();
  #lastSeen: MonotonicNs | undefined;
  #over: Promise<void> = Promise.resolve();
  readonly #pending = new PendingReadings();

  constructor(options: BpftraceSourceOptions) {
    this.#options = options;
    this.#choice = options.choice;
    this.#plan = this.#makePlan();
  }

  get plan(): Plan {
    return this.#plan;
  }

  /** bpftrace's pid while it runs. */
  get pid(): Pid | null {
    const pid = this.#process?.pid;
    return pid === undefined ? null : toPid(pid);
  }

  get attached(): boolean {
    return this.#run !== undefined;
  }

  /** Resolves when the probes are attached, or cannot be for now, or that is not known for a long time. */
  async start(emit: Emit): Promise<void> {
    this.#emit = emit;
    await new Promise<void>((resolve) => {
      this.#over = this.#live(resolve);
    });
  }

  /**
   * Asks for a reading of all counters. @returns whether it was complete within the time; false does no harm, the next
   * one has it all.
   */
  async read(timeoutMs: number): Promise<boolean> {
    const run = this.#run;
    if (run === undefined) return false;
    // While one is under way (bpftrace is slow or stopped) another would only lengthen the queue.
    if (run.asked === run.answered || this.#commands === undefined || this.#pending.size === 0) this.#ask(run);
    const number = this.#commands === undefined ? run.answered + 1 : run.asked;
    return this.#pending.wait(number, timeoutMs);
  }

  #ask(run: Run): void {
    if (this.#commands !== undefined && this.#ownSplits.areOpen) this.#ownSplits.asked(this.#options.kernelSample());
    run.ask();
  }

  /** Asks how many pages the file behind a link of /proc has. @returns false when it cannot be asked. */
  measure(path: string, inode: number): boolean {
    return this.#commands?.measure(path, inode) ?? false;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#retry);
    this.#pause?.();
    await this.#process?.stop();
    await this.#over;
  }

  #makePlan(): Plan {
    const { kernel, device, detail, calls, intervalMs } = this.#options;
    const canCommand = calls !== undefined;
    return planFor(kernel, { choice: this.#choice, device, detail, canCommand, collector: process.pid, intervalMs });
  }

  /** One life after another. `settled` is called when the first one is attached, or is given up. */
  async #live(settled: () => void): Promise<void> {
    let failures = 0;
    let pause = 0;
    this.#emitPlan();
    while (!this.#stopping) {
      const { attached, message, cause } = await this.#oneLife(settled);
      if (this.#stopping) break;
      failures = attached ? 0 : failures + 1;
      const refusesFunctions =
        !attached && (this.#choice === "auto" || this.#choice === "function") && this.#usesFunctions;
      if (refusesFunctions) {
        this.#options.onNotice("function probes could not be attached; going on with tracepoints");
        this.#choice = "tracepoint";
        this.#plan = this.#makePlan();
        this.#emitPlan();
        continue;
      }
      // What could be attached once can be again: memory is short for a while, or bpftrace is being upgraded.
      const isFirst = this.#lastSeen === undefined;
      const hopeless = isFirst && (failures >= hopelessAfter || cause === "notPermitted" || cause === "spawnFailed");
      this.#emit({
        kind: "probes",
        at: this.#options.now(),
        state: hopeless ? "failed" : "lost",
        epoch: this.#epoch,
        pid: null,
        reason: message.replace(/\.$/, ""),
      });
      settled();
      if (hopeless) {
        this.#options.onNotice(`the probes cannot be started: ${message}`);
        return;
      }
      const delay = this.#backoff.failed();
      // From the longest pause on it is the same line again and again.
      if (delay !== pause) this.#options.onNotice(`${message} Starting it again in ${delay / 1000} s.`);
      pause = delay;
      await this.#wait(delay);
    }
    settled();
  }

  async #oneLife(settled: () => void): Promise<{ attached: boolean; message: string; cause: string }> {
    const { path, version, detail, now, kernelSample, calls, onNotice, patience } = this.#options;
    const { program } = this.#plan;
    if (program === undefined) return { attached: false, message: "there is nothing to attach", cause: "notPermitted" };
    const before = kernelSample();
    this.#ownSplits.begin(before);
    this.#emit(before);
    const commands = this.#plan.commands && calls !== undefined ? new Commands(calls) : undefined;
    const run = this.#makeRun(commands);
    const bpftrace = await startBpftrace({
      path,
      version,
      program,
      // 0.27 prints its warnings on standard output, between the messages.
      args: ["--no-warnings"],
      limits: { maxMapKeys: mapKeys, maxStringLength: 64, ...perfPages(detail) },
      readyTimeoutMs: patience?.giveUpMs ?? giveUpMs,
      onMessage: (message) => run.receive(message),
      isTick: (message) => message.type === "value" && Array.isArray(message.data) && message.data[0] === "tick",
    });
    this.#process = bpftrace;
    if (this.#stopping) await bpftrace.stop();
    const goOn = setTimeout(() => {
      onNotice("the probes are not attached yet; going on with what /proc shows until they are");
      settled();
    }, patience?.goOnMs ?? patienceMs);
    const readiness = await bpftrace.ready;
    clearTimeout(goOn);
    const attached = readiness.state === "ready";
    const hangs = readiness.state === "timedOut";
    if (attached && !this.#stopping) {
      this.#attach(run, commands, readiness.afterMs);
      settled();
    }
    const exit = hangs ? await bpftrace.stop({ timeoutMs: 2000 }) : await bpftrace.exited;
    run.finish();
    // Its last words hold splits that the last reading did not: without a newer vmstat they would seem too many.
    this.#emit(kernelSample());
    this.#detach();
    if (this.#stopping) {
      this.#emit({ kind: "probes", at: now(), state: "stopped", epoch: this.#epoch, pid: null, reason: "stopped" });
    }
    const message = hangs ? `bpftrace did not attach within ${(readiness.afterMs / 1000).toFixed(1)} s.` : exit.message;
    return { attached, message, cause: exit.cause };
  }

  #attach(run: Run, commands: Commands | undefined, afterMs: number): void {
    const { now, onNotice } = this.#options;
    const at = now();
    this.#emit({ kind: "probes", at, state: "attached", epoch: this.#epoch, pid: this.pid, reason: "" });
    if (this.#lastSeen !== undefined) {
      this.#emit({ kind: "gap", at, from: this.#lastSeen, reason: "bpftrace ended and was started again" });
    }
    this.#run = run;
    this.#commands = commands;
    this.#backoff.started();
    onNotice(`probes attached in ${(afterMs / 1000).toFixed(1)} s`);
  }

  #detach(): void {
    if (this.#run !== undefined) this.#lastSeen ??= this.#options.now();
    this.#run = undefined;
    this.#commands = undefined;
    this.#process = undefined;
    this.#pending.giveUp();
  }

  #makeRun(commands: Commands | undefined): Run {
    const { device, now, cgroupPath, cgroupOfProcess, startOf, isGone, onChange } = this.#options;
    const epoch = ++this.#epoch;
    return new Run({
      epoch,
      plan: this.#plan,
      device,
      commands,
      emit: (event) => {
        this.#emit(event);
        if (event.kind === "tick") this.#pending.answer(event.sequence);
      },
      now,
      nextGeneration: () => ++this.#generation,
      cgroupPath,
      cgroupOfProcess,
      startOf,
      isGone,
      onReading: (splits) => this.#completeReading(epoch, splits),
      onChange,
    });
  }

  /** vmstat is read after the counters were: what it has more than they have is not attributed yet, never less. */
  #completeReading(epoch: number, splits: readonly SplitCount[]): void {
    const sample = this.#options.kernelSample();
    this.#emit(sample);
    this.#lastSeen = sample.at;
    const own = this.#ownSplits.of(sample, splits);
    if (own !== undefined) this.#emit({ kind: "ownSplits", at: sample.at, epoch, splits: own });
  }

  get #usesFunctions(): boolean {
    return this.#plan.chosen.some(({ route }) => route.route !== "tracepoint");
  }

  #emitPlan(): void {
    const { routes, blind } = this.#plan;
    const { now, alsoBlind, intervalMs } = this.#options;
    this.#emit({ kind: "plan", at: now(), routes, blind: [...blind, ...alsoBlind], intervalMs });
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#pause = resolve;
      this.#retry = setTimeout(resolve, ms);
    });
  }
}
