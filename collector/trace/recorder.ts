/**
 * Events into a trace, as they come. It never holds up whoever collects: rows gather in memory, batches are written
 * beside the collecting, and a disk that refuses ends the recording and nothing else.
 */
import type { CannotRun } from "../cannotRun.ts";
import type { Event, PageEvent } from "../events.ts";
import { monotonicNs } from "../units.ts";
import { BatchPace } from "./batchPace.ts";
import { makeCheckpoint } from "./checkpoint/make.ts";
import { CheckpointMemory } from "./checkpoint/memory.ts";
import { encodeBatch } from "./encodeBatch.ts";
import { RowEncoder } from "./encodeRows.ts";
import { schemaMessage } from "./header.ts";
import { HeadFacts, type HeadOptions } from "./headFacts.ts";
import { KnownSizes } from "./knownSizes.ts";
import { mostRows, textPerBatch } from "./limits.ts";
import { Novelty } from "./novelty.ts";
import { type FileOptions, RecordingFiles, refuseTakenNames } from "./recordingFiles.ts";
import { Redactor } from "./redaction/redactor.ts";
import type { Row } from "./rows.ts";

export interface RecorderOptions extends HeadOptions, FileOptions {
  /** By which batches are paced, ms; whoever tells a story faster than it happened brings its clock. */
  readonly paceMs?: () => number;
  /** Replaces names by pseudonyms, the same in all files, before they are written; the live screen keeps them. */
  readonly redact?: boolean;
  /** Work after which a checkpoint is written, so that any moment can be shown without replaying all before it. */
  readonly checkpointWork?: number;
  /** The recording ended by itself. Told once. */
  readonly onFailure?: (error: CannotRun) => void;
}

/** In rows. As much is replayed in less than a tenth of a second. */
const usualCheckpointWork = 120_000;
/** The end of a sample is as much work for a ledger as so many rows. */
const workOfSample = 100;
/** A ledger passes single pages over: a row of theirs is read, and no more. */
const workOfPage = 0.5;
/** Checkpoints together are at most about a fourth of a file. */
const checkpointShare = 4;

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
  readonly #redactor: Redactor | undefined;
  readonly #encoder: RowEncoder;
  readonly #novelty = new Novelty((row) => this.#add(row));
  readonly #memory: CheckpointMemory;
  readonly #sizes: KnownSizes;
  readonly #checkpointEncoder: RowEncoder;
  readonly #facts = new HeadFacts();
  readonly #files: RecordingFiles;
  readonly #paceMs: () => number;
  readonly #pace: BatchPace;
  #timer: NodeJS.Timeout | undefined;
  #batches = 0;
  #events = 0;
  /** Single pages: no checkpoint is made for them, since a ledger passes them over. */
  #pages = 0;
  #now = monotonicNs(0n);
  /** Of whoever replays it from the beginning, in rows. */
  #work = 0;
  /** Work and bytes at the last checkpoint, or when one was last tried. */
  #checkpointed = { work: 0, bytes: 0, size: 0 };
  #lost = 0;
  #hasHead = false;
  #hasBegun = false;
  #failure: CannotRun | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: RecorderOptions, memory: CheckpointMemory) {
    this.#options = options;
    this.#memory = memory;
    this.#sizes = new KnownSizes(memory.ledger.files);
    this.#paceMs = options.paceMs ?? (() => performance.now());
    this.#pace = new BatchPace(this.#paceMs());
    this.#redactor = options.redact ? new Redactor() : undefined;
    this.#encoder = new RowEncoder(this.#redactor);
    this.#checkpointEncoder = new RowEncoder(this.#redactor);
    this.#files = new RecordingFiles(options, (error) => {
      if (this.#failure !== undefined) return;
      this.#failure = error;
      if (this.#hasBegun) options.onFailure?.(error);
    });
  }

  /**
   * @param memory of all that happened before, when the recording begins in the middle: then it has to `begin`
   * @throws CannotRun when the file cannot be made
   */
  static async create(options: RecorderOptions, memory = new CheckpointMemory()): Promise<Recorder> {
    await refuseTakenNames(options);
    const recorder = new Recorder(options, memory);
    await recorder.drained();
    if (recorder.failure !== undefined) throw recorder.failure;
    recorder.#hasBegun = true;
    return recorder;
  }

  /** Writes what the memory knows, as the state that the file begins with. @returns false: not in this moment */
  begin(): boolean {
    const { ledger, tail, isBetweenLooks } = this.#memory;
    const rows = isBetweenLooks ? makeCheckpoint(this.#memory) : undefined;
    if (rows === undefined || rows.length > mostRows) return false;
    this.#now = tail.at(-1)?.at ?? ledger.now;
    this.#facts.adopt(ledger);
    // The reading that is under way says what later measures cannot be left out for.
    for (const event of tail) this.#sizes.take(event);
    this.#writeCheckpoint(rows);
    return true;
  }

  get state(): RecordingState {
    return {
      path: this.#files.current.path,
      bytes: this.#files.bytes,
      events: this.#events + this.#pages,
      lost: this.#lost,
    };
  }

  get failure(): CannotRun | undefined {
    return this.#failure;
  }

  take(event: Event): void {
    if (this.#closing !== undefined || this.failure !== undefined) return;
    if (event.kind === "page") {
      this.#pages++;
      this.#add(event);
      return;
    }
    this.#events++;
    this.#facts.take(event);
    if (event.kind === "lost") this.#lost += event.count;
    if (event.at > this.#now) this.#now = event.at;
    this.#memory.take(event);
    if (!this.#sizes.take(event)) this.#novelty.take(event);
    if (event.kind !== "self") return;
    this.#writeWhenDue();
    if (this.#novelty.settled) this.#checkpointWhenDue();
  }

  /** Resolves when all that was written is with the operating system. */
  drained(): Promise<void> {
    return this.#files.current.drained();
  }

  /** Writes what waits and ends the file. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Ends without a trace: the file is removed. */
  async abandon(): Promise<void> {
    clearTimeout(this.#timer);
    this.#closing ??= this.#files.current.abandon();
    await this.#closing;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#write();
    await this.#files.close();
  }

  /** At the end of a sample: a new file, or a place in this one to begin reading from. */
  #checkpointWhenDue(): void {
    const { maxBytes = Number.POSITIVE_INFINITY, checkpointWork = usualCheckpointWork } = this.#options;
    const { work, bytes, size } = this.#checkpointed;
    const { length } = this.#files.current;
    const isFull = length >= Math.max(maxBytes, checkpointShare * size);
    const isDue = this.#work - work >= checkpointWork && length - bytes >= checkpointShare * size;
    if (!isFull && !isDue) return;
    this.#write();
    const rows = makeCheckpoint(this.#memory);
    // None in this moment, or more than a batch holds: later.
    if (rows === undefined || rows.length > mostRows) {
      this.#checkpointed = { work: this.#work, bytes, size };
      return;
    }
    if (isFull) this.#rotate();
    this.#writeCheckpoint(rows);
  }

  #rotate(): void {
    this.#files.rotate();
    this.#batches = 0;
    this.#hasHead = false;
  }

  #writeCheckpoint(events: readonly Event[]): void {
    const encoder = this.#checkpointEncoder;
    for (const event of events) encoder.add(event.kind === "scan" ? { ...event, repeats: false } : event);
    if (!this.#hasHead) this.#writeHead();
    const at = this.#now;
    const facts = { number: ++this.#batches, checkpoint: true, from: at, to: at, wall: this.#facts.wallAt(at) };
    const bytes = encodeBatch(encoder, facts);
    encoder.clear();
    this.#files.current.append(bytes);
    this.#checkpointed = { work: this.#work, bytes: this.#files.current.length, size: bytes.length };
  }

  #add(row: Row | PageEvent): void {
    const { rows, dictionary } = this.#encoder;
    if (rows >= mostRows || dictionary.size >= textPerBatch) this.#write();
    const isFirst = this.#encoder.rows === 0;
    this.#encoder.add(row);
    this.#work += workOf(row);
    this.#pace.note(row.kind === "pageBurst" ? "page" : row.kind);
    if (!isFirst) return;
    const now = this.#paceMs();
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
    const now = this.#paceMs();
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
    this.#encoder.settlePages();
    const { from, to } = this.#encoder;
    const facts = { number: ++this.#batches, checkpoint: false, from, to, wall: this.#facts.wallAt(from) };
    this.#files.current.append(encodeBatch(this.#encoder, facts));
    this.#encoder.clear();
    this.#pace.written(this.#paceMs());
  }

  #writeHead(): void {
    this.#hasHead = true;
    const head = this.#facts.head(this.#options, this.#files.number, this.#redactor !== undefined);
    this.#files.current.append(schemaMessage(head, this.#redactor));
  }
}

const workOf = ({ kind }: Row | PageEvent) =>
  kind === "self" ? workOfSample : kind === "page" || kind === "pageBurst" ? workOfPage : 1;
