/**
 * /proc as a source: who holds what. Looking at all processes costs some 30 us each, so it is done for a share of a core
 * at most, sooner when something happened that may have changed who holds what; those who are known to hold something are
 * looked at in between, for a share of their own.
 */
import type { Emit } from "../../events.ts";
import type { LookShares } from "../../observation.ts";
import { fileSize, fileSizeSample } from "./fileSize.ts";
import type { HeldFile, ProcessScanner, Scan } from "./scan.ts";
import { ScanReporter } from "./scanEvents.ts";

export interface ProcfsSourceOptions {
  readonly scanner: ProcessScanner;
  /** Monotonic, ms. */
  readonly nowMs: () => number;
  readonly shares?: LookShares;
}

const promptness = 10;
/** For a screen that somebody watches. Also the known holders have to wait when they are very many. */
export const attentive: LookShares = { all: 0.01, holders: 0.1 };
/** For a service that runs for ever on every host: all of it under a fiftieth of a core. */
export const thrifty: LookShares = { all: 0.001, holders: 0.008 };
/** Files measured after one look; the others have their turn at the next. */
const measuredAtOnce = 64;

/** When something that costs CPU time may be done again. */
class Allowance {
  #began = Number.NEGATIVE_INFINITY;
  #costMs = 0;

  due(nowMs: number, share: number): boolean {
    return nowMs >= this.#began + this.#costMs / share;
  }

  spent(beganMs: number, costMs: number): void {
    this.#began = beganMs;
    this.#costMs = costMs;
  }
}

export class ProcfsSource {
  readonly #options: ProcfsSourceOptions;
  readonly #reporter = new ScanReporter();
  readonly #all = new Allowance();
  readonly #holders = new Allowance();
  readonly #suspects = new Set<number>();
  #files: readonly HeldFile[] = [];
  #changed = true;
  #turn = 0;

  constructor(options: ProcfsSourceOptions) {
    this.#options = options;
  }

  /** Something was created, ended or killed: the next look at all should not wait for its turn. */
  noteChange(pid?: number): void {
    this.#changed = true;
    if (pid !== undefined) this.#suspects.add(pid);
  }

  /** Looks at all when it is time to, else at the known holders and whoever was noted. @returns whether it looked. */
  async look(emit: Emit): Promise<boolean> {
    const { scanner, nowMs, shares = attentive } = this.#options;
    const began = nowMs();
    if (this.#all.due(began, this.#changed ? shares.all * promptness : shares.all)) {
      this.#changed = false;
      this.#suspects.clear();
      await this.#tell(emit, this.#all, () => scanner.scanAll());
      return true;
    }
    const some = [...this.#reporter.holders, ...this.#suspects];
    if (some.length === 0 || !this.#holders.due(began, shares.holders)) return false;
    this.#suspects.clear();
    const before = this.#files;
    await this.#tell(emit, this.#holders, () => scanner.scanSome(some));
    const held = new Set(this.#files.map(({ inode }) => inode));
    // Let go by all who were known to hold it: only a look at all can say whether somebody else does.
    if (before.some(({ inode }) => !held.has(inode))) this.#changed = true;
    return true;
  }

  async #tell(emit: Emit, allowance: Allowance, look: () => Promise<Scan>): Promise<void> {
    const began = this.#options.nowMs();
    const before = process.cpuUsage();
    const scan = await look();
    for (const event of this.#reporter.events(scan)) emit(event);
    this.#files = scan.files;
    const { user, system } = process.cpuUsage(before);
    allowance.spent(began, (user + system) / 1000);
  }

  /** Files of the last look whose size should be asked for: those not known first, then the others in turn. */
  toMeasure(isKnown: (inode: number) => boolean): readonly HeldFile[] {
    const unknown = this.#files.filter(({ inode }) => !isKnown(inode));
    const known = this.#files.filter(({ inode }) => isKnown(inode));
    const from = known.length === 0 ? 0 : this.#turn % known.length;
    this.#turn += Math.max(0, measuredAtOnce - unknown.length);
    return [...unknown, ...known.slice(from), ...known.slice(0, from)].slice(0, measuredAtOnce);
  }

  /** Without a probe to ask: cachestat(2) where the kernel has it. */
  measure(file: HeldFile, emit: Emit, at: Parameters<typeof fileSizeSample>[2]): void {
    const sample = fileSizeSample(file, fileSize(file), at);
    if (sample !== undefined) emit(sample);
  }
}
