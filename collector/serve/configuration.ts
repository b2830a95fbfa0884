/** Settings and rules together, as they lie in files now. Read at the start and again at each reload. */
import { dirname, resolve } from "node:path";
import { mistakeLines } from "../alerts/mistakeLines.ts";
import type { Mistake, Rule } from "../alerts/rule.ts";
import { defaultRulesPath, readRuleFile } from "../alerts/ruleFile.ts";
import { readYamlFile } from "../alerts/yamlFile.ts";
import { CannotRun } from "../cannotRun.ts";
import { readSettings } from "./readSettings.ts";
import { defaultProcesses, defaultSettings, type ServeSettings, serveLimits } from "./settings.ts";

export interface Configuration {
  readonly settings: ServeSettings;
  readonly rules: readonly Rule[];
}

/** What the command line says; it goes before the file. */
export type Overrides = Partial<Omit<ServeSettings, "deliver" | "metrics">> & {
  /** Series by process, as many as by default unless the file says how many. */
  readonly perProcess?: boolean;
};

/** Mistakes in a file that could be read; nothing of it is used. */
export class Faulty extends CannotRun {
  /** One for each mistake: file:line:column: what. Safe for a terminal. */
  readonly lines: readonly string[];

  constructor(path: string, mistakes: readonly Mistake[]) {
    const count = mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`;
    super(`${path} has ${count}`, "mend it first");
    this.lines = mistakeLines(path, mistakes);
  }
}

/** @throws CannotRun when a file cannot be read, Faulty when there are mistakes in one */
export function readConfiguration(path: string | undefined, { perProcess, ...overrides }: Overrides): Configuration {
  const read = path === undefined ? defaultSettings : settingsIn(path);
  const processes = perProcess && read.metrics.processes === 0 ? defaultProcesses : read.metrics.processes;
  const settings = { ...read, ...overrides, metrics: { ...read.metrics, processes } };
  return { settings, rules: rulesOf(settings) };
}

function settingsIn(path: string): ServeSettings {
  const source = readYamlFile(path, { what: "the configuration", mostBytes: serveLimits.fileBytes });
  const { settings, mistakes } = readSettings(source, dirname(resolve(path)));
  if (mistakes.length > 0) throw new Faulty(path, mistakes);
  return settings;
}

function rulesOf({ rules: named }: ServeSettings): readonly Rule[] {
  if (named === "none") return [];
  const path = named === "default" ? defaultRulesPath : named.file;
  const { rules, mistakes } = readRuleFile(path);
  if (mistakes.length > 0) throw new Faulty(path, mistakes);
  return rules;
}
