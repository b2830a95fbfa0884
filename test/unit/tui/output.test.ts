/** A slow reader costs snapshots, never memory; a reader that left ends the work quietly. */
import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { Output } from "../../../tui/output.ts";

/** A pipe whose reader takes what it was given only when told to. */
class SlowReader extends Writable {
  readonly taken: string[] = [];
  #take: (() => void) | undefined;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.taken.push(chunk.toString());
    this.#take = done;
  }

  async take(): Promise<void> {
    this.#take?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("a slow reader", () => {
  test("gets the next snapshot instead of all that it missed", async () => {
    const reader = new SlowReader();
    const output = new Output(reader);
    expect(output.offer(() => "1")).toBe(true);
    for (let n = 2; n < 1000; n += 1) expect(output.offer(() => String(n))).toBe(false);
    expect(reader.writableLength).toBeLessThan(10);
    await reader.take();
    expect(output.offer(() => "1000")).toBe(true);
    expect(reader.taken).toEqual(["1", "1000"]);
  });

  test("a skipped snapshot is not even turned into text", () => {
    const output = new Output(new SlowReader());
    output.offer(() => "1");
    output.offer(() => {
      throw new Error("made in vain");
    });
  });

  test("the last word waits for the reader, and is not skipped", async () => {
    const reader = new SlowReader();
    const output = new Output(reader);
    output.offer(() => "1");
    const last = output.print("last");
    await reader.take();
    await reader.take();
    await last;
    expect(reader.taken).toEqual(["1", "last"]);
  });
});

describe("a reader that left", () => {
  const failing = (code: string) =>
    new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error(`${code}: write`), { code })),
    });

  test("EPIPE stops the work and is no failure", async () => {
    const output = new Output(failing("EPIPE"));
    await output.print("x");
    await new Promise((resolve) => setImmediate(resolve));
    expect(output.gone.aborted).toBe(true);
    expect(output.failure).toBeUndefined();
    expect(output.offer(() => "y")).toBe(false);
    await output.print("z");
    await output.flush();
  });

  test("a full disk stops the work and is one", async () => {
    const output = new Output(failing("ENOSPC"));
    await output.print("x");
    await new Promise((resolve) => setImmediate(resolve));
    expect(output.gone.aborted).toBe(true);
    expect(output.failure?.message).toContain("ENOSPC");
  });
});
