/** Where rules are read from: a file of the user's, or the rules that secretscope comes with. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CannotRun } from "../cannotRun.ts";
import { type RulesRead, readRules } from "./readRules.ts";
import { ruleLimits } from "./rule.ts";

export const defaultRulesPath = fileURLToPath(new URL("./default-rules.yaml", import.meta.url));

/** @throws CannotRun when the file cannot be read at all; mistakes in it are part of the answer */
export function readRuleFile(path: string): RulesRead {
  return readRules(readText(path));
}

function readText(path: string): string {
  let descriptor: number;
  try {
    // A pipe without a writer must not hold the program up.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^(\w+): ([^,]*).*$/s, "$2") : String(error);
    throw new CannotRun(`cannot read the rules ${path}: ${reason}`, "name a file with rules in YAML", { cause: error });
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new CannotRun(`${path} is no file`, "name a file with rules in YAML");
    if (status.size > ruleLimits.fileBytes) {
      const most = `${ruleLimits.fileBytes / 2 ** 20} MiB`;
      throw new CannotRun(
        `${path} is larger than ${most}, the most that rules may have`,
        "split it, or write fewer rules",
      );
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
