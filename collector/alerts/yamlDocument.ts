/** A whole YAML text out of anybody's hands: looked at before it is parsed, and every mistake with its place. */
import { LineCounter, parseDocument } from "yaml";
import type { Mistake } from "./rule.ts";
import { Mistakes } from "./yamlFields.ts";
import { beyondLimits } from "./yamlLimits.ts";

export interface YamlRead<Value> {
  /** undefined: it did not come as far as reading. */
  readonly value: Value | undefined;
  /** In the order of the text; with any of them the value is not to be used. */
  readonly mistakes: readonly Mistake[];
}

/** @param what for sentences: rules, a configuration */
export function readYaml<Value>(
  source: string,
  { what, mostBytes }: { readonly what: string; readonly mostBytes: number },
  read: (contents: unknown, mistakes: Mistakes) => Value,
): YamlRead<Value> {
  const lines = new LineCounter();
  const mistakes = new Mistakes(lines);
  const contents = contentsOf(source, what, mostBytes, lines, mistakes);
  const value = mistakes.found.length > 0 && contents === undefined ? undefined : read(contents, mistakes);
  return { value, mistakes: mistakes.found.sort((a, b) => a.line - b.line || a.column - b.column) };
}

function contentsOf(source: string, what: string, mostBytes: number, lines: LineCounter, mistakes: Mistakes): unknown {
  if (Buffer.byteLength(source) > mostBytes) {
    mistakes.addAt(0, `${what} has at most ${mostBytes / 2 ** 20} MiB`);
    return undefined;
  }
  const beyond = beyondLimits(source);
  if (beyond !== undefined) {
    lines.addNewLine(0);
    for (let at = source.indexOf("\n"); at !== -1 && at < beyond.offset; at = source.indexOf("\n", at + 1)) {
      lines.addNewLine(at + 1);
    }
    mistakes.addAt(beyond.offset, beyond.text);
    return undefined;
  }
  // uniqueKeys compares each key with all before it, which a large mapping makes endless; fieldsOf looks for itself.
  const document = parseDocument(source, {
    lineCounter: lines,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  for (const { pos, message } of [...document.errors, ...document.warnings]) {
    // Indented levels are the parser's own limit; its words for it are the engine's.
    const isDeep = message.includes("call stack");
    mistakes.addAt(pos[0], isDeep ? "this is nested too deeply" : (message.split("\n")[0] ?? message));
  }
  // What comes after a mistake of YAML itself is rarely what was meant.
  return document.errors.length > 0 ? undefined : document.contents;
}
