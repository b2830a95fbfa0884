/**
 * One file of a recording: made anew, readable by its owner only, written in whole batches, one after the other. When
 * the disk refuses, what was written before stays a readable trace and the recording says why it ended.
 */
import { constants, existsSync } from "node:fs";
import { type FileHandle, lstat, open, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { CannotRun } from "../cannotRun.ts";
import { endOfStream } from "./encodeMessage.ts";

/** Written but not taken by the disk yet: with more than this the disk is too slow, and memory would grow. */
const mostPendingBytes = 64 << 20;
/** What was written reaches the disk at the latest after this, ms. A killed process loses nothing that was written. */
const syncEveryMs = 10_000;

export class TraceWriter {
  readonly path: string;
  /** Bytes of whole batches in the file, or on their way there. */
  length = 0;
  readonly #onFailure: (error: CannotRun) => void;
  #handle: FileHandle | undefined;
  /** Bytes that are in the file for certain. */
  #written = 0;
  #pending = 0;
  #queue: Promise<void>;
  #failure: CannotRun | undefined;
  #synced = performance.now();

  /** The file is made meanwhile. That it could not be is told like every other failure. */
  constructor(path: string, overwrite: boolean, onFailure: (error: CannotRun) => void) {
    this.path = path;
    this.#onFailure = onFailure;
    this.#queue = this.#open(overwrite);
  }

  get failure(): CannotRun | undefined {
    return this.#failure;
  }

  /** Puts whole messages at the end. Never waits; whether it worked is told later. */
  append(bytes: Uint8Array): void {
    if (this.#failure !== undefined) return;
    this.length += bytes.length;
    this.#pending += bytes.length;
    if (this.#pending > mostPendingBytes) {
      this.#fail(
        new CannotRun(
          `the disk of ${this.path} is too slow: ${this.#pending >> 20} MiB are waiting`,
          "record to a faster disk",
        ),
      );
      return;
    }
    this.#queue = this.#queue.then(() => this.#write(bytes));
  }

  async #open(overwrite: boolean): Promise<void> {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    try {
      // A new file and not the old one emptied: that may be somebody else's, or readable by others.
      if (overwrite) await removeOld(this.path);
      this.#handle = await open(this.path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    } catch (error) {
      this.#fail(error instanceof CannotRun ? error : cannotCreate(this.path, error as NodeJS.ErrnoException));
    }
  }

  /** Resolves when everything so far is in the file, or nothing more will be. */
  drained(): Promise<void> {
    return this.#queue;
  }

  /** Ends the stream and the file. */
  async close(): Promise<void> {
    if (this.#failure === undefined) this.append(endOfStream);
    await this.#queue;
    try {
      if (this.#failure === undefined && this.#handle !== undefined) await this.#sync(this.#handle);
    } catch (error) {
      this.#fail(cannotWrite(this.path, error as NodeJS.ErrnoException));
    } finally {
      await this.#handle?.close();
    }
  }

  /** Nothing came of it: the file goes. */
  async abandon(): Promise<void> {
    await this.#queue;
    if (this.#handle === undefined) return;
    await this.#handle.close();
    await unlink(this.path).catch(() => {});
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const handle = this.#handle;
    if (this.#failure !== undefined || handle === undefined) return;
    try {
      let done = 0;
      while (done < bytes.length) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, this.#written + done);
        done += bytesWritten;
      }
      this.#written += bytes.length;
      this.#pending -= bytes.length;
      if (performance.now() - this.#synced >= syncEveryMs) await this.#sync(handle);
    } catch (error) {
      // Half a batch is of no use: with it gone, the file ends with the last whole one.
      await handle.truncate(this.#written).catch(() => {});
      this.#fail(cannotWrite(this.path, error as NodeJS.ErrnoException));
    }
  }

  async #sync(handle: FileHandle): Promise<void> {
    this.#synced = performance.now();
    await handle.datasync();
    // A file without a name, or a directory that went, takes every byte and keeps none.
    if ((await handle.stat()).nlink === 0) {
      this.#fail(
        new CannotRun(`${this.path} was removed while it was written`, "leave it there until the recording ends"),
      );
    }
  }

  #fail(error: CannotRun): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#onFailure(error);
  }
}

async function removeOld(path: string): Promise<void> {
  const old = await lstat(path).catch(() => undefined);
  if (old === undefined) return;
  if (!old.isFile()) throw new CannotRun(`${path} is no regular file`, "choose another name");
  await unlink(path);
}

function cannotCreate(path: string, error: NodeJS.ErrnoException): CannotRun {
  const cause = { cause: error };
  switch (error.code) {
    case "EEXIST":
      return new CannotRun(`${path} is there already`, "choose another name, or add --overwrite", cause);
    case "ENOENT":
    case "ENOTDIR":
      if (path === "") return new CannotRun("the file to record to has no name", "name a file", cause);
      if (error.code === "ENOENT" && existsSync(dirname(path))) break;
      return new CannotRun(`cannot record to ${path}: there is no directory ${dirname(path)}`, "make it first", cause);
    case "EISDIR":
      return new CannotRun(`${path} is a directory`, "name a file", cause);
  }
  return new CannotRun(`cannot record to ${path}: ${whyNot(error)}`, "choose another place", cause);
}

function cannotWrite(path: string, error: NodeJS.ErrnoException): CannotRun {
  return new CannotRun(
    `recording to ${path} ended: ${whyNot(error)}; what was written before can be replayed`,
    error.code === "ENOSPC" || error.code === "EDQUOT"
      ? "make room, or use --max-size and --keep"
      : "record to another place",
    { cause: error },
  );
}

function whyNot({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case "ENOSPC":
      return "the disk is full";
    case "EDQUOT":
      return "the quota is used up";
    // Of a folder that is there: /proc and its like.
    case "ENOENT":
      return "no file can be made there";
    case "EROFS":
      return "the file system is read-only";
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "EIO":
      return "the disk reports an error";
    default:
      return message;
  }
}
