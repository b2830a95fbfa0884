/**
 * The live collector: wires this machine's sources to one ledger and to whoever listens. The root of the composition
 * (Ts.ED): what it needs is injected, and it alone starts and stops things, in order, since $onDestroy has none.
 */
import { catchAsyncError } from "@tsed/core";
import { constant, destroyInjector, Injectable, inject, injector } from "@tsed/di";
import type { KernelOffer } from "../probes/kernel/offer.ts";
import { type Plan, planFor } from "../probes/plan.ts";
import { CannotRun } from "./cannotRun.ts";
import type { Event } from "./events.ts";
import { lackOfBpftrace } from "./lackOfBpftrace.ts";
import { Ledger } from "./ledger/ledger.ts";
import { Listeners } from "./listeners.ts";
import { Machine } from "./machine.ts";
import type { LookShares, Observation, ObservationOptions } from "./observation.ts";
import type { Snapshot } from "./snapshot.ts";
import { BpftraceSource } from "./sources/bpftrace/source.ts";
import { CgroupPaths } from "./sources/procfs/cgroups.ts";
import { hibernationSupport } from "./sources/procfs/hibernation.ts";
import { type InFlight, lookForFlights, stillWaits } from "./sources/procfs/inFlight.ts";
import { kernelSample } from "./sources/procfs/kernelSample.ts";
import { readProcess } from "./sources/procfs/processes.ts";
import { ProcessScanner } from "./sources/procfs/scan.ts";
import { SelfCost } from "./sources/procfs/selfCost.ts";
import { attentive, ProcfsSource } from "./sources/procfs/source.ts";
import { unseenProcesses } from "./sources/procfs/visibility.ts";
import { inode, wallMs } from "./units.ts";

/** The wall clock is tied to the monotonic one again when the two drifted apart by more than this. */
const clockStepMs = 50;
/** How long a reading may take before the snapshot is made without it, ms. */
const readingTimeoutMs = 1_000;

@Injectable()
export class Session implements Observation {
  readonly #machine = inject(Machine);
  readonly #options = constant<ObservationOptions>("observation") as ObservationOptions;
  readonly #ledger = new Ledger();
  readonly #snapshots = new Listeners<Snapshot>();
  readonly #events = new Listeners<Event>();
  readonly #notices = new Listeners<string>();
  readonly #selfCost = new SelfCost();
  readonly #cgroups = new CgroupPaths("memory");
  readonly #procfs: ProcfsSource;
  #bpftrace: BpftraceSource | undefined;
  #timer: NodeJS.Timeout | undefined;
  #turning: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;
  #inFlight: InFlight = { descriptors: 0, sockets: [] };
  /** Wall minus monotonic at the last ClockEvent, ms. */
  #offsetMs = Number.NaN;

  constructor() {
    const { secretmem, calls } = this.#machine;
    const device = secretmem.available ? secretmem.device : undefined;
    this.#procfs = new ProcfsSource({
      scanner: new ProcessScanner({ device, calls }),
      nowMs: () => performance.now(),
      shares: lookShares(this.#options.looking),
    });
  }

  /** Resolves when the first snapshot is complete. */
  async open(): Promise<void> {
    this.#emit(this.#machine.host());
    this.#tellClock();
    this.#bpftrace = await this.#startProbes();
    await this.#lookForFlights();
    await this.#turn();
    this.#schedule();
  }

  snapshot(): Snapshot {
    return this.#ledger.snapshot();
  }

  onSnapshot(listener: (snapshot: Snapshot) => void) {
    return this.#snapshots.add(listener);
  }

  onEvent(listener: (event: Event) => void) {
    return this.#events.add(listener);
  }

  onNotice(listener: (notice: string) => void) {
    return this.#notices.add(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#turning;
    // What bpftrace has not printed when it is told to end is gone: the last reading is asked for before.
    await this.#turn();
    await this.#bpftrace?.stop();
    await destroyInjector();
  }

  #emit(event: Event): void {
    const { descriptors: inFlight } = this.#inFlight;
    const told = event.kind === "plan" && inFlight > 0 ? { ...event, inFlight } : event;
    this.#ledger.apply(told);
    this.#events.tell(told);
  }

  /** What is sent from now on the probes know; what was on its way before, nobody, until nothing is any more. */
  async #lookForFlights(): Promise<void> {
    const { descriptors } = this.#inFlight;
    const isNone = hibernationSupport().state === "available";
    this.#inFlight = isNone ? { descriptors: 0, sockets: [] } : await lookForFlights();
    const { plan } = this.#ledger;
    if (plan === undefined || descriptors === this.#inFlight.descriptors) return;
    const { inFlight: _, ...rest } = plan;
    this.#emit({ ...rest, at: this.#machine.now() });
    // Whoever received them holds them now.
    this.#procfs.noteChange();
  }

  async #startProbes(): Promise<BpftraceSource | undefined> {
    if (this.#options.route === "procfs") {
      this.#planWithout(undefined);
      return undefined;
    }
    const { kernel, calls } = this.#machine;
    if (!kernel.bpf.able) {
      this.#planWithout(kernel.bpf);
      return undefined;
    }
    const finding = await this.#machine.findBpftrace(this.#options.bpftrace);
    if (finding.kind !== "found") {
      const lack = lackOfBpftrace(finding);
      // A bpftrace that was named and does not work is a mistake to mend; one that is not there, a fact to live with.
      if (lack !== undefined && this.#options.bpftrace !== undefined) {
        throw new CannotRun(lack.reason, "correct --bpftrace, or leave it out to search PATH");
      }
      this.#planWithout(lack);
      return undefined;
    }
    const now = () => this.#machine.now();
    const source = new BpftraceSource({
      path: finding.path,
      version: finding.version,
      kernel,
      choice: this.#options.route,
      device: this.#device,
      detail: this.#options.detail ?? "interval",
      calls: calls.available ? calls : undefined,
      intervalMs: this.#options.intervalMs,
      now,
      kernelSample: () => kernelSample(now()),
      cgroupPath: (id) => this.#cgroups.path(id),
      cgroupOfProcess: (pid) => readProcess(pid)?.cgroup ?? null,
      startOf: (pid) => readProcess(pid)?.started ?? null,
      isGone: (number) => this.#isGone(number),
      onChange: (pid) => this.#procfs.noteChange(pid),
      alsoBlind: unseenProcesses(),
      onNotice: (notice) => this.#notices.tell(notice),
    });
    needDetail(source.plan);
    if (source.plan.program === undefined) {
      this.#planWithout(undefined);
      return undefined;
    }
    await source.start((event) => this.#emit(event));
    return source;
  }

  /** /proc alone: every fact that only a probe can show is named as not seen. */
  #planWithout(missing: Parameters<typeof planFor>[1]["without"]): void {
    const { kernel } = this.#machine;
    const plan = planFor(kernel as KernelOffer, {
      choice: this.#options.route,
      device: this.#device,
      canCommand: false,
      collector: process.pid,
      intervalMs: this.#options.intervalMs,
      without: missing,
      detail: this.#options.detail,
    });
    needDetail(plan);
    this.#emit({
      kind: "plan",
      at: this.#machine.now(),
      routes: {},
      blind: [...plan.blind, ...unseenProcesses()],
      intervalMs: this.#options.intervalMs,
    });
  }

  /** secretmem's s_dev. */
  get #device(): number | null {
    const { secretmem } = this.#machine;
    return secretmem.available ? secretmem.device.sDev : null;
  }

  #isGone(number: number): boolean {
    const file = this.#ledger.files.get(inode(number));
    return file === undefined || (file.verified && file.resident === 0);
  }

  #schedule(): void {
    if (this.#closing !== undefined) return;
    const began = performance.now();
    this.#timer = setTimeout(
      () => {
        this.#turning = this.#turn().then(() => this.#schedule());
      },
      Math.max(1, this.#options.intervalMs - (began % this.#options.intervalMs)),
    );
  }

  /** One interval: look, measure, read, tell. */
  async #turn(): Promise<void> {
    const emit = (event: Event) => this.#emit(event);
    this.#tellClock();
    if (this.#inFlight.descriptors > 0 && !stillWaits(this.#inFlight)) await this.#lookForFlights();
    if (await this.#procfs.look(emit)) this.#measure();
    const bpftrace = this.#bpftrace;
    if (bpftrace === undefined || !(await bpftrace.read(Math.max(readingTimeoutMs, this.#options.intervalMs)))) {
      this.#emit(kernelSample(this.#machine.now()));
    }
    if (bpftrace === undefined) this.#emit({ kind: "tick", at: this.#machine.now(), epoch: 0, sequence: 0 });
    this.#emit(this.#selfCost.sample(this.#machine.now(), bpftrace?.pid ?? null));
    this.#snapshots.tell(this.#ledger.snapshot());
  }

  #measure(): void {
    const bpftrace = this.#bpftrace;
    const isKnown = (number: number) => this.#ledger.files.get(inode(number))?.verified ?? false;
    for (const file of this.#procfs.toMeasure(isKnown)) {
      // The probe's own count costs one line and knows files without a descriptor; else cachestat is asked.
      const asked = file.paths.slice(0, 4).some((path) => bpftrace?.measure(path, file.inode) ?? false);
      if (!asked) this.#procfs.measure(file, (event) => this.#emit(event), this.#machine.now());
    }
  }

  #tellClock(): void {
    const at = this.#machine.now();
    const wall = Date.now();
    const offset = wall - Number(at / 1_000_000n);
    if (Math.abs(offset - this.#offsetMs) <= clockStepMs) return;
    this.#offsetMs = offset;
    this.#emit({ kind: "clock", at, wall: wallMs(wall) });
  }
}

/** Who asks for every page does not want a recording without pages. */
function needDetail({ missing }: Plan): void {
  const blocks = missing.get("blocks");
  if (blocks === undefined) return;
  throw new CannotRun(
    `single pages cannot be recorded here: ${blocks.reason}`,
    `${blocks.remedy}; or record without --detail page`,
  );
}

/** SECRETSCOPE_LOOK_SHARE: share of a core for looking at all of /proc. An emulated machine needs more. */
function lookShares(wanted: LookShares = attentive): LookShares {
  const share = Number(process.env.SECRETSCOPE_LOOK_SHARE);
  return share > 0 && share <= 1 ? { ...wanted, all: share } : wanted;
}

/**
 * One observation at a time in a process.
 * @param listen called before the first event
 * @throws CannotRun when it is impossible here, with what to do
 */
export async function openObservation(
  options: ObservationOptions,
  listen?: (observation: Observation) => void,
): Promise<Observation> {
  injector().settings.set("observation", options);
  await injector().load();
  const session = injector().get<Session>(Session);
  if (session === undefined) throw new Error("the container has no session");
  listen?.(session);
  const failure = await catchAsyncError(() => session.open());
  if (failure !== undefined) {
    await destroyInjector();
    throw failure;
  }
  return session;
}
