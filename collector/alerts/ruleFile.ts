/** Where rules are read from: a file of the user's, or the rules that secretscope comes with. */
import { fileURLToPath } from "node:url";
import { type RulesRead, readRules } from "./readRules.ts";
import { ruleLimits } from "./rule.ts";
import { readYamlFile } from "./yamlFile.ts";

export const defaultRulesPath = fileURLToPath(new URL("./default-rules.yaml", import.meta.url));

/** @throws CannotRun when the file cannot be read at all; mistakes in it are part of the answer */
export function readRuleFile(path: string): RulesRead {
  return readRules(readYamlFile(path, { what: "the rules", mostBytes: ruleLimits.fileBytes }));
}
