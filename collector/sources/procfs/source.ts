/**
 * /proc as a source: who holds what, at a rate that costs at most a hundredth of a core, sooner when something happened
 * that may have changed it.
 */
import type { Emit } from "../../events.ts";
import { fileSize, fileSizeSample } from "./fileSize.ts";
import type { HeldFile, ProcessScanner } from "./scan.ts";
import { ScanReporter } from "./scanEvents.ts";

export interface ProcfsSourceOptions {
  readonly scanner: ProcessScanner;
  readonly now: () => number;
}

/** Share of a core that looking may take: routinely, and when something happened. */
const routineShare = 0.01;
const promptShare = 0.05;
/** Files measured after one look; the others have their turn at the next. */
const measuredAtOnce = 64;

export class ProcfsSource {
  readonly #options: ProcfsSourceOptions;
  readonly #reporter = new ScanReporter();
  #files: readonly HeldFile[] = [];
  #notBefore = 0;
  #promptNotBefore = 0;
  #changed = true;
  #turn = 0;

  constructor(options: ProcfsSourceOptions) {
    this.#options = options;
  }

  /** Something was created, ended or killed: the next look should not wait for its turn. */
  noteChange(): void {
    this.#changed = true;
  }

  /** Looks when it is time to. @returns whether it did. */
  async look(emit: Emit): Promise<boolean> {
    const { scanner, now } = this.#options;
    const began = now();
    if (began < (this.#changed ? this.#promptNotBefore : this.#notBefore)) return false;
    this.#changed = false;
    const cpu = process.cpuUsage();
    const scan = await scanner.scanAll();
    for (const event of this.#reporter.events(scan)) emit(event);
    this.#files = scan.files;
    const { user, system } = process.cpuUsage(cpu);
    const costMs = (user + system) / 1000;
    this.#notBefore = began + costMs / routineShare;
    this.#promptNotBefore = began + costMs / promptShare;
    return true;
  }

  /** Files of the last look whose size should be asked for: those not known first, then the others in turn. */
  toMeasure(isKnown: (inode: number) => boolean): readonly HeldFile[] {
    const unknown = this.#files.filter(({ inode }) => !isKnown(inode));
    const known = this.#files.filter(({ inode }) => isKnown(inode));
    const room = Math.max(0, measuredAtOnce - unknown.length);
    const from = known.length === 0 ? 0 : this.#turn % known.length;
    this.#turn += room;
    return [...unknown.slice(0, measuredAtOnce), ...known.slice(from), ...known.slice(0, from)].slice(
      0,
      measuredAtOnce,
    );
  }

  /** Without a probe to ask: cachestat(2) where the kernel has it. */
  measure(file: HeldFile, emit: Emit, at: Parameters<typeof fileSizeSample>[2]): void {
    const sample = fileSizeSample(file, fileSize(file), at);
    if (sample !== undefined) emit(sample);
  }
}
