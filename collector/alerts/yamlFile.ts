/** The text of a file that a person named, and nothing that could hold the program up or fill its memory. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { CannotRun } from "../cannotRun.ts";

export interface FileKind {
  /** For sentences: the rules, the configuration. */
  readonly what: string;
  readonly mostBytes: number;
}

/** @throws CannotRun when it cannot be read */
export function readYamlFile(path: string, { what, mostBytes }: FileKind): string {
  const remedy = `name a file with ${what} in YAML`;
  let descriptor: number;
  try {
    // A pipe without a writer must not hold the program up.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^(\w+): ([^,]*).*$/s, "$2") : String(error);
    throw new CannotRun(`cannot read ${what} ${path}: ${reason}`, remedy, { cause: error });
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new CannotRun(`${path} is no file`, remedy);
    if (status.size > mostBytes) {
      throw new CannotRun(`${path} is larger than ${mostBytes / 2 ** 20} MiB, the most allowed`, "write less into it");
    }
    // It may grow meanwhile: what was asked for is what is read.
    const buffer = Buffer.alloc(status.size);
    let length = 0;
    for (let got = -1; got !== 0 && length < buffer.length; length += got) {
      got = readSync(descriptor, buffer, length, buffer.length - length, length);
    }
    return buffer.toString("utf8", 0, length);
  } finally {
    closeSync(descriptor);
  }
}
