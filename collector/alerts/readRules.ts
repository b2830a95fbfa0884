/** Rules out of YAML: all of them, or every mistake with its place. Text from anybody may come here. */
import { isSeq, LineCounter, parseDocument } from "yaml";
import { readRule } from "./readRule.ts";
import { type Mistake, type Rule, ruleLimits } from "./rule.ts";
import { fieldsOf, kindOf, Mistakes } from "./yamlFields.ts";
import { beyondLimits } from "./yamlLimits.ts";

export interface RulesRead {
  readonly rules: readonly Rule[];
  /** In the order of the file; with any of them the rules are not to be used. */
  readonly mistakes: readonly Mistake[];
}

export function readRules(source: string): RulesRead {
  const lines = new LineCounter();
  const mistakes = new Mistakes(lines);
  const rules = Buffer.byteLength(source) > ruleLimits.fileBytes ? tooLarge(mistakes) : read(source, lines, mistakes);
  return { rules, mistakes: mistakes.found.sort((a, b) => a.line - b.line || a.column - b.column) };
}

function tooLarge(mistakes: Mistakes): Rule[] {
  mistakes.addAt(0, `rules have at most ${ruleLimits.fileBytes / 2 ** 20} MiB`);
  return [];
}

function read(source: string, lines: LineCounter, mistakes: Mistakes): Rule[] {
  const beyond = beyondLimits(source);
  if (beyond !== undefined) {
    lines.addNewLine(0);
    for (let at = source.indexOf("\n"); at !== -1 && at < beyond.offset; at = source.indexOf("\n", at + 1)) {
      lines.addNewLine(at + 1);
    }
    mistakes.addAt(beyond.offset, beyond.text);
    return [];
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
    mistakes.addAt(pos[0], isDeep ? "this is nested too deeply for rules" : (message.split("\n")[0] ?? message));
  }
  // What comes after a mistake of YAML itself is rarely what was meant.
  if (document.errors.length > 0) return [];
  const list = fieldsOf(document.contents, "the file", ["rules"], mistakes)?.get("rules");
  if (list === undefined) {
    if (mistakes.found.length === 0) mistakes.addAt(0, "the file has no rules: it begins with rules:, then one - each");
    return [];
  }
  if (!isSeq(list.value)) {
    mistakes.add(list.value, `rules is a list, one - for each rule, here is ${kindOf(list.value)}`);
    return [];
  }
  const { items } = list.value;
  if (items.length > ruleLimits.rules) {
    mistakes.add(list.value, `${items.length} rules; at most ${ruleLimits.rules} are allowed`);
    return [];
  }
  if (items.length === 0) mistakes.add(list.value, "the list of rules is empty");
  const names = new Set<string>();
  return items.map((item) => readRule(item, names, mistakes)).filter((rule) => rule !== undefined);
}
