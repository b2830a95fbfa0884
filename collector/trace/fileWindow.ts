/** Reads a file in pieces, so that many small looks cost few calls. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

const pieceBytes = 1 << 20;
/** For who looks at a little here and there: about the heads of a batch, without its body. */
export const smallPiece = 8 << 10;

export class FileWindow {
  readonly #fd: number;
  readonly size: number;
  #start = 0;
  #piece: Buffer = Buffer.alloc(0);

  /** @throws the system's error */
  constructor(path: string) {
    // A pipe that nobody writes to would hold up the whole process, signals too, until somebody does.
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = fstatSync(this.#fd);
      if (!found.isFile()) throw Object.assign(new Error("it is not a regular file"), { code: "EINVAL" });
      this.size = found.size;
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /**
   * As many bytes as there are, up to `length`; they stay as they are.
   * @param piece how much to read at once where it has to be read
   */
  read(offset: number, length: number, piece = pieceBytes): Buffer {
    const end = Math.min(this.size, offset + length);
    if (offset >= end) return Buffer.alloc(0);
    if (offset < this.#start || end > this.#start + this.#piece.length)
      this.#load(offset, Math.max(end - offset, piece));
    return this.#piece.subarray(offset - this.#start, end - this.#start);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #load(offset: number, length: number): void {
    // A new one each time: whoever was given a part of the last one goes on reading it.
    const piece = Buffer.allocUnsafeSlow(Math.min(this.size - offset, length));
    let read = 0;
    while (read < piece.length) {
      const count = readSync(this.#fd, piece, read, piece.length - read, offset + read);
      // Shorter than it was: someone cut it meanwhile. The rest reads as zeros, which no message begins with.
      if (count === 0) {
        piece.fill(0, read);
        break;
      }
      read += count;
    }
    this.#start = offset;
    this.#piece = piece;
  }
}
