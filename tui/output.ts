/** Writing to standard output: a slow reader costs snapshots, never memory; a reader that left is a reason to stop. */
import type { Writable } from "node:stream";
import { CannotRun } from "../collector/cannotRun.ts";

export class Output {
  readonly #stream: Writable;
  readonly #gone = new AbortController();
  #failure: Error | undefined;
  #draining: Promise<void> | undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      // EPIPE: `secretscope watch | head` has seen enough. Anything else (a full disk) is a failure to report.
      if (error.code !== "EPIPE") {
        const remedy = "make room, or write somewhere else";
        this.#failure ??= new CannotRun(`cannot write the output: ${error.message}`, remedy, { cause: error });
      }
      this.#gone.abort();
    });
  }

  /** Aborted when nobody reads any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Why writing became impossible; undefined while it works, and when the reader just left. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Writes unless the reader has not yet taken what it was given before. @returns whether it was written */
  offer(text: () => string): boolean {
    if (this.#draining !== undefined || this.#gone.signal.aborted) return false;
    void this.#write(text());
    return true;
  }

  /** Writes, after waiting for the reader. */
  async print(content: string | Uint8Array): Promise<void> {
    await this.#draining;
    await this.#write(content);
  }

  /** Resolves when everything has left this process, or nobody reads. */
  async flush(): Promise<void> {
    await this.#draining;
    await this.#write("");
  }

  #write(content: string | Uint8Array): Promise<void> {
    if (this.#gone.signal.aborted) return Promise.resolve();
    // The callback comes when the system has taken the bytes, also after an error: a full pipe keeps it waiting.
    const written = new Promise<void>((resolve) => {
      this.#stream.write(content, () => resolve());
    }).then(() => {
      if (this.#draining === written) this.#draining = undefined;
    });
    this.#draining = written;
    return written;
  }
}
