/** The configuration out of YAML: what is right is read, what is wrong is said with line, column and suggestion. */
import { isScalar } from "yaml";
import { readDeliverySettings } from "../alerts/delivery/readSettings.ts";
import { filePath, wholeNumber } from "../alerts/delivery/receiverFields.ts";
import type { Mistake } from "../alerts/rule.ts";
import { duration } from "../alerts/ruleValues.ts";
import { readYaml } from "../alerts/yamlDocument.ts";
import { type Field, fieldsOf, kindOf, type Mistakes, scalar, text } from "../alerts/yamlFields.ts";
import type { TopLimits } from "../publish/metrics/secretMemory.ts";
import { listenForm, parseListen } from "./listenAddress.ts";
import { defaultSettings, routeChoices, type ServeSettings, serveLimits } from "./settings.ts";

/** Every key there is; `deliver` has more of its own (alerts/delivery). */
export const settingKeys = ["listen", "interval", "route", "bpftrace", "rules", "metrics", "deliver"] as const;
export const metricKeys = ["cgroups", "users", "processes"] as const;

export interface SettingsRead {
  readonly settings: ServeSettings;
  /** In the order of the file; with any of them the settings are not to be used. */
  readonly mistakes: readonly Mistake[];
}

/** @param folder of the file: relative paths in it begin there */
export function readSettings(source: string, folder: string): SettingsRead {
  const limits = { what: "a configuration", mostBytes: serveLimits.fileBytes };
  const { value, mistakes } = readYaml(source, limits, (contents, found) => read(contents, folder, found));
  return { settings: value ?? defaultSettings, mistakes };
}

function read(contents: unknown, folder: string, mistakes: Mistakes): ServeSettings {
  // A file of comments only: nothing is asked for.
  if (contents === null || (isScalar(contents) && contents.value === null)) return defaultSettings;
  const fields = fieldsOf(contents, "the configuration", settingKeys, mistakes);
  if (fields === undefined) return defaultSettings;
  const get = <Value>(key: (typeof settingKeys)[number], readValue: (field: Field) => Value | undefined) => {
    const field = fields.get(key);
    return field === undefined ? undefined : readValue(field);
  };
  const path = (field: Field) => filePath(field, folder, mistakes);
  return {
    listen: get("listen", (field) => readListen(field, mistakes)) ?? defaultSettings.listen,
    intervalMs: get("interval", (field) => readInterval(field, mistakes)) ?? defaultSettings.intervalMs,
    route: get("route", (field) => readRoute(field, mistakes)) ?? defaultSettings.route,
    bpftrace: get("bpftrace", path) ?? defaultSettings.bpftrace,
    rules: get("rules", (field) => readRules(field, path)) ?? defaultSettings.rules,
    metrics: get("metrics", (field) => readMetrics(field, mistakes)) ?? defaultSettings.metrics,
    deliver: readDeliverySettings(fields.get("deliver")?.value, mistakes, folder),
  };
}

function readListen({ value }: Field, mistakes: Mistakes) {
  const listen = parseListen(text(value) ?? "");
  if (listen === undefined) mistakes.add(value, `listen is ${listenForm}, here is ${kindOf(value)}`);
  return listen;
}

function readInterval(field: Field, mistakes: Mistakes): number | undefined {
  const ns = duration(field, mistakes);
  if (ns === undefined) return undefined;
  const ms = Number(ns / 1_000_000n);
  const { leastMs, mostMs, said } = serveLimits.interval;
  if (ms >= leastMs && ms <= mostMs) return ms;
  mistakes.add(field.value, `interval is ${said}`);
  return undefined;
}

function readRoute({ value }: Field, mistakes: Mistakes) {
  const word = String(scalar(value) ?? "");
  const route = routeChoices.find((each) => each === word);
  if (route === undefined) mistakes.addWord(value, "there is no route", word, routeChoices);
  return route;
}

/** A file that is called like one of the two words is ./default or ./none. */
function readRules(field: Field, path: (field: Field) => string | undefined): ServeSettings["rules"] | undefined {
  const word = text(field.value);
  if (word === "default" || word === "none") return word;
  const file = path(field);
  return file === undefined ? undefined : { file };
}

function readMetrics({ value }: Field, mistakes: Mistakes): TopLimits {
  const fields = fieldsOf(value, "metrics", metricKeys, mistakes);
  const most = (key: (typeof metricKeys)[number]) => {
    const field = fields?.get(key);
    return field === undefined
      ? defaultSettings.metrics[key]
      : (wholeNumber(field, 0, serveLimits[key], mistakes) ?? 0);
  };
  return { cgroups: most("cgroups"), users: most("users"), processes: most("processes") };
}
