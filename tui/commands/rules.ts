/** `--rules FILE`: alert rules of the user's own, in the place of those that secretscope comes with. */
import { Option } from "commander";
import type { Rule } from "../../collector/alerts/rule.ts";
import { CannotRun } from "../../collector/cannotRun.ts";
import type { Terminal } from "../terminal.ts";
import { counted } from "../text/counts.ts";

/** default: those that it comes with; none: no alerts. */
export const rulesOption = () => new Option("--rules <file>", "alert rules in YAML; default, or none");

/**
 * The rules in that file; its mistakes are said one a line.
 * @param path left out, or default: those that secretscope comes with
 * @throws CannotRun when the file cannot be read or has a mistake
 */
export async function readRulesOrTell(path: string | undefined, terminal: Terminal): Promise<readonly Rule[]> {
  if (path === "none") return [];
  const { defaultRulesPath, readRuleFile } = await import("../../collector/alerts/ruleFile.ts");
  const { mistakeLines } = await import("../../collector/alerts/mistakeLines.ts");
  const file = path === undefined || path === "default" ? defaultRulesPath : path;
  const { rules, mistakes } = readRuleFile(file);
  if (mistakes.length === 0) return rules;
  for (const line of mistakeLines(file, mistakes)) terminal.note(`secretscope: ${line}`);
  throw new CannotRun(`${file} has ${counted(mistakes.length, "mistake")}`, "mend the rules first");
}

/** Where there is no screen nobody would see them fire. */
export const tellRulesUnused = (terminal: Terminal) =>
  terminal.note("secretscope: --rules is for the screen; secretscope alerts test RULES --trace FILE prints what fired");
