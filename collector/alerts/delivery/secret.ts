/** Tokens, and URLs that are as good as tokens: used, and never shown. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { inspect } from "node:util";
import { Undeliverable } from "./undeliverable.ts";

export const hidden = "(hidden)";

/** Whoever prints it, logs it, or makes JSON of it gets "(hidden)". */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return hidden;
  }

  toJSON(): string {
    return hidden;
  }

  [inspect.custom](): string {
    return hidden;
  }
}

/** In the configuration itself, or in a file that is read anew for each use: it may be replaced while we run. */
export type SecretSource = { readonly secret: Secret } | { readonly file: string };

const mostBytes = 16 * 1024;
/** What HTTP allows in a header: anything else would end up in an error of fetch, with the secret in it. */
export const isOneWord = (text: string) => /^[\x21-\x7e]+$/.test(text);

/** @throws Undeliverable with a reason that names the file and never what is in it */
export async function revealed(source: SecretSource, what: string): Promise<string> {
  if ("secret" in source) return source.secret.reveal();
  const text = (await contents(source.file, what)).trim();
  if (!isOneWord(text)) throw new Undeliverable(`${what} ${source.file} does not hold one word of ASCII`);
  return text;
}

async function contents(path: string, what: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    // A pipe without a writer must not hold the program up.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) throw new Undeliverable(`${what} ${path} is no file`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(mostBytes), 0, mostBytes, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } catch (error) {
    if (error instanceof Undeliverable) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new Undeliverable(`${what} ${path} cannot be read: ${code ?? "unknown reason"}`);
  } finally {
    await file?.close();
  }
}
