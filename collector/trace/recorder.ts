/**
 * Events into a trace, as they come. It never holds up whoever collects: rows gather in memory, batches are written
 * beside the collecting, and a disk that refuses ends the recording and nothing else.
 */
import type { CannotRun } from "../cannotRun.ts";
import type { ClockEvent, Event, HostEvent, PlanEvent } from "../events.ts";
import { type MonotonicNs, monotonicNs, type WallMs, wallMs } from "../units.ts";
import { BatchPace } from "./batchPace.ts";
import { encodeBatch } from "./encodeBatch.ts";
import { RowEncoder } from "./encodeRows.ts";
import { currentFormat, schemaMessage } from "./header.ts";
import { mostRows, textPerBatch } from "./limits.ts";
import { Novelty } from "./novelty.ts";
import type { Row } from "./rows.ts";
import { TraceWriter } from "./traceWriter.ts";

export interface RecorderOptions {
  readonly path: string;
  /** Replace a file that is there. */
  readonly overwrite?: boolean;
  /** secretscope 0.1.0. */
  readonly tool: string;
  /** The two clocks, for the head. */
  readonly now?: () => MonotonicNs;
  readonly wall?: () => WallMs;
  /** The recording ended by itself. Told once. */
  readonly onFailure?: (error: CannotRun) => void;
}

export interface RecordingState {
  readonly path: string;
  readonly bytes: number;
  /** Events that were taken; rows that say nothing new are not written. */
  readonly events: number;
  /** Printed lines, map keys and unreadable lines that were lost on the way here. */
  readonly lost: number;
}

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #encoder = new RowEncoder();
  readonly #novelty = new Novelty((row) => this.#add(row));
  readonly #pace = new BatchPace(performance.now());
  #writer: TraceWriter;
  #timer: NodeJS.Timeout | undefined;
  #batches = 0;
  #events = 0;
  #lost = 0;
  #host: HostEvent | undefined;
  #plan: PlanEvent | undefined;
  #clock: ClockEvent | undefined;
  #hasHead = false;
  #closing: Promise<void> | undefined;

  private constructor(options: RecorderOptions, writer: TraceWriter) {
    this.#options = options;
    this.#writer = writer;
  }

  /** @throws CannotRun when the file cannot be made */
  static async create(options: RecorderOptions): Promise<Recorder> {
    const writer = await TraceWriter.create(options.path, options.overwrite ?? false, (error) =>
      options.onFailure?.(error),
    );
    return new Recorder(options, writer);
  }

  get state(): RecordingState {
    return { path: this.#writer.path, bytes: this.#writer.length, events: this.#events, lost: this.#lost };
  }

  get failure(): CannotRun | undefined {
    return this.#writer.failure;
  }

  take(event: Event): void {
    if (this.#closing !== undefined || this.failure !== undefined) return;
    this.#events++;
    if (event.kind === "host") this.#host = event;
    else if (event.kind === "plan") this.#plan = event;
    else if (event.kind === "clock") this.#clock = event;
    else if (event.kind === "lost") this.#lost += event.count;
    this.#novelty.take(event);
    if (event.kind === "self") this.#writeWhenDue();
  }

  /** Resolves when all that was written is with the operating system. */
  drained(): Promise<void> {
    return this.#writer.drained();
  }

  /** Writes what waits and ends the file. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Ends without a trace: the file is removed. */
  async abandon(): Promise<void> {
    clearTimeout(this.#timer);
    this.#closing ??= this.#writer.abandon();
    await this.#closing;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#write();
    await this.#writer.close();
  }

  #add(row: Row): void {
    const { rows, dictionary } = this.#encoder;
    if (rows >= mostRows || dictionary.size >= textPerBatch) this.#write();
    const isFirst = this.#encoder.rows === 0;
    this.#encoder.add(row);
    this.#pace.note(row.kind);
    if (!isFirst) return;
    const now = performance.now();
    this.#pace.begin(now);
    this.#schedule(now);
  }

  #schedule(now: number): void {
    const due = this.#pace.due(now);
    if (due === undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#writeWhenDue();
      },
      Math.max(0, due - now),
    );
  }

  #writeWhenDue(): void {
    const now = performance.now();
    const due = this.#pace.due(now);
    if (due === undefined) return;
    if (due <= now) this.#write();
    else {
      clearTimeout(this.#timer);
      this.#schedule(now);
    }
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#hasHead) this.#writeHead();
    if (this.#encoder.rows === 0) return;
    const { from, to } = this.#encoder;
    const facts = { number: ++this.#batches, checkpoint: false, from, to, wall: this.#wallAt(from) };
    this.#writer.append(encodeBatch(this.#encoder, facts));
    this.#encoder.clear();
    this.#pace.written(performance.now());
  }

  #writeHead(): void {
    this.#hasHead = true;
    const { tool, now = systemMonotonic, wall = systemWall } = this.#options;
    this.#writer.append(
      schemaMessage({
        format: currentFormat,
        tool,
        monotonic: now(),
        wall: wall(),
        file: 1,
        host: withoutTime(this.#host),
        plan: withoutTime(this.#plan),
      }),
    );
  }

  #wallAt(at: bigint): number {
    const clock = this.#clock;
    if (clock === undefined) return Number.NaN;
    return clock.wall + Number((at - clock.at) / 1_000_000n);
  }
}

const systemMonotonic = () => monotonicNs(process.hrtime.bigint());
const systemWall = () => wallMs(Date.now());

function withoutTime<T extends Event>(event: T | undefined): Omit<T, "kind" | "at"> | null {
  if (event === undefined) return null;
  const { kind: _, at: __, ...rest } = event;
  return rest;
}
