/** Rules out of YAML: all of them, or every mistake with its place. Text from anybody may come here. */
import { isSeq } from "yaml";
import { readRule } from "./readRule.ts";
import { type Mistake, type Rule, ruleLimits } from "./rule.ts";
import { readYaml } from "./yamlDocument.ts";
import { fieldsOf, kindOf, type Mistakes } from "./yamlFields.ts";

export interface RulesRead {
  readonly rules: readonly Rule[];
  /** In the order of the file; with any of them the rules are not to be used. */
  readonly mistakes: readonly Mistake[];
}

export function readRules(source: string): RulesRead {
  const { value, mistakes } = readYaml(source, { what: "a file of rules", mostBytes: ruleLimits.fileBytes }, read);
  return { rules: value ?? [], mistakes };
}

function read(contents: unknown, mistakes: Mistakes): Rule[] {
  const list = fieldsOf(contents, "the file", ["rules"], mistakes)?.get("rules");
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
