/**
 * A file that a command makes: for its owner only, never in the place of another one unless asked, and whole or not there
 * at all. With --overwrite the old file stays until the new one is whole.
 */
import { constants, existsSync } from "node:fs";
import { type FileHandle, lstat, open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { CannotRun } from "../collector/cannotRun.ts";

export class OutputFile {
  readonly path: string;
  bytes = 0;
  /** Where it is written until it is whole. */
  readonly #place: string;
  readonly #handle: FileHandle;

  private constructor(path: string, place: string, handle: FileHandle) {
    this.path = path;
    this.#place = place;
    this.#handle = handle;
  }

  /** @param source what is being read: the file must not take its place. @throws CannotRun when it cannot be made */
  static async create(path: string, { overwrite, source }: { overwrite: boolean; source: string }) {
    const old = await lstat(path).catch(() => undefined);
    if (old !== undefined) {
      if (!overwrite) throw new CannotRun(`${path} is there already`, "choose another name, or add --overwrite");
      if (!old.isFile()) throw new CannotRun(`${path} is no regular file`, "choose another name");
      const read = await lstat(source).catch(() => undefined);
      if (read?.dev === old.dev && read.ino === old.ino) {
        throw new CannotRun(`${path} is the recording itself`, "choose another name");
      }
    }
    const place = old === undefined ? path : `${path}.${process.pid}.partial`;
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    try {
      return new OutputFile(path, place, await open(place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const noFolder = code === "ENOTDIR" || (code === "ENOENT" && !existsSync(dirname(path)));
      const reason = noFolder ? `there is no directory ${dirname(path)}` : message;
      throw new CannotRun(`cannot write to ${path}: ${reason}`, "choose another place", { cause: error });
    }
  }

  async write(content: string | Uint8Array): Promise<void> {
    const data = typeof content === "string" ? Buffer.from(content) : content;
    try {
      await this.#handle.writeFile(data);
    } catch (error) {
      throw cannotWrite(this.path, error as Error);
    }
    this.bytes += data.length;
  }

  /** It is whole: from now on it is there under its name. */
  async finish(): Promise<void> {
    try {
      await this.#handle.close();
      if (this.#place !== this.path) await rename(this.#place, this.path);
    } catch (error) {
      throw cannotWrite(this.path, error as Error);
    }
  }

  /** It never became whole: nothing is left of it. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await unlink(this.#place).catch(() => {});
  }
}

const cannotWrite = (path: string, error: Error) =>
  new CannotRun(`cannot write to ${path}: ${error.message}`, "make room, or write somewhere else", { cause: error });
