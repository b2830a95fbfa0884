/**
 * The files of one recording: the one that is written, those that are full, and which of them are kept. With a size
 * after which another is begun, each is a trace of its own and names are numbered.
 */
import { readdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CannotRun } from "../cannotRun.ts";
import { isNumbered, numbered } from "./fileNames.ts";
import { TraceWriter } from "./traceWriter.ts";

export interface FileOptions {
  readonly path: string;
  /** Replace a file that is there. */
  readonly overwrite?: boolean;
  /** Bytes after which another file is begun. */
  readonly maxBytes?: number;
  /** How many of the numbered files to keep, the newest; older ones of this recording are removed. */
  readonly keep?: number;
}

/**
 * A name that is taken would end the recording only when its number comes, in hours or days.
 * @throws CannotRun when a numbered file of another recording is in the way
 */
export async function refuseTakenNames({ path, overwrite, maxBytes }: FileOptions): Promise<void> {
  if (maxBytes === undefined || overwrite) return;
  const folder = dirname(path);
  // A folder that is not there is told when the first file is made.
  const names = await readdir(folder).catch(() => []);
  const taken = names.toSorted().find((name) => isNumbered(path, name));
  if (taken === undefined) return;
  throw new CannotRun(
    `${join(folder, taken)} is there already and would be in the way`,
    "choose another name, move it away, or add --overwrite",
  );
}

export class RecordingFiles {
  readonly #options: FileOptions;
  readonly #onFailure: (error: CannotRun) => void;
  /** Those that are there, the oldest first. */
  readonly #paths: string[] = [];
  #number = 0;
  #current: TraceWriter;
  #earlierBytes = 0;
  #finishing: Promise<void> = Promise.resolve();

  /** The first file is made meanwhile. @param onFailure told of each file that the disk refuses */
  constructor(options: FileOptions, onFailure: (error: CannotRun) => void) {
    this.#options = options;
    this.#onFailure = onFailure;
    this.#current = this.#begin();
  }

  get current(): TraceWriter {
    return this.#current;
  }

  /** Of the current file, from 1. */
  get number(): number {
    return this.#number;
  }

  /** Of all files together, removed ones too. */
  get bytes(): number {
    return this.#earlierBytes + this.#current.length;
  }

  /** Another file; the one before is ended, and the oldest go, beside the collecting. */
  rotate(): void {
    const full = this.#current;
    this.#earlierBytes += full.length;
    this.#finishing = this.#finishing.then(() => full.close());
    this.#current = this.#begin();
    const { keep } = this.#options;
    if (keep === undefined) return;
    for (const path of this.#paths.splice(0, Math.max(0, this.#paths.length - keep))) {
      this.#finishing = this.#finishing.then(() => unlink(path)).catch(() => {});
    }
  }

  async close(): Promise<void> {
    await this.#finishing;
    await this.#current.close();
  }

  #begin(): TraceWriter {
    const { path, overwrite = false, maxBytes } = this.#options;
    this.#number++;
    const name = maxBytes === undefined ? path : numbered(path, this.#number);
    this.#paths.push(name);
    return new TraceWriter(name, overwrite, this.#onFailure);
  }
}
