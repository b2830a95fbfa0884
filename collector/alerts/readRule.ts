/** One rule out of its YAML mapping. */

import { isMap } from "yaml";
import { splitCauses } from "./figures/directMap.ts";
import { type FigureName, figureNames, figures, isFigureName } from "./figures.ts";
import type { Rule, Threshold } from "./rule.ts";
import { duration, labels, message, number, yesOrNo } from "./ruleValues.ts";
import { type Field, fieldsOf, kindOf, type Mistakes, scalar, text } from "./yamlFields.ts";

const keys = ["name", "figure", "cause", "above", "below", "is", "for", "clear", "every", "labels", "message"] as const;
const ruleName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/;
const leastEveryNs = 10_000_000_000n;

/** @returns undefined when there is a mistake that leaves no rule; every mistake is in `mistakes` */
export function readRule(node: unknown, names: Set<string>, mistakes: Mistakes): Rule | undefined {
  const fields = fieldsOf(node, "a rule", keys, mistakes);
  if (fields === undefined) return undefined;
  const get = <Value>(key: (typeof keys)[number], read: (field: Field) => Value): Value | undefined => {
    const field = fields.get(key);
    return field === undefined ? undefined : read(field);
  };
  const name = readName(node, fields.get("name"), names, mistakes);
  const figure = readFigure(node, fields.get("figure"), mistakes);
  const cause = get("cause", (field) => readCause(field, figure, mistakes)) ?? null;
  const every = get("every", (field) => duration(field, mistakes));
  if (every !== undefined && every < leastEveryNs) mistakes.add(fields.get("every")?.value, "every is at least 10s");
  const rest = {
    forNs: get("for", (field) => duration(field, mistakes)) ?? 0n,
    everyNs: every ?? null,
    labels: get("labels", (field) => labels(field, mistakes)) ?? {},
    message: get("message", (field) => message(field, mistakes)) ?? `${figure ?? ""} is {value}`,
  };
  if (name === undefined || figure === undefined) return undefined;
  const compared = readThreshold(node, fields, figure, mistakes);
  return compared === undefined ? undefined : { name, figure, cause, ...compared, ...rest };
}

function readName(rule: unknown, field: Field | undefined, names: Set<string>, mistakes: Mistakes): string | undefined {
  if (field === undefined) {
    mistakes.add(rule, "this rule has no name");
    return undefined;
  }
  const name = text(field.value);
  if (name === undefined || !ruleName.test(name)) {
    mistakes.add(field.value, `a name is up to 63 letters, digits, ".", "_" and "-", here is ${kindOf(field.value)}`);
    return undefined;
  }
  if (names.has(name)) mistakes.add(field.value, `two rules are called ${name}`);
  names.add(name);
  return name;
}

function readFigure(rule: unknown, field: Field | undefined, mistakes: Mistakes): FigureName | undefined {
  if (field === undefined) {
    mistakes.add(rule, `this rule has no figure; there are: ${figureNames.join(", ")}`);
    return undefined;
  }
  const figure = text(field.value);
  if (figure !== undefined && isFigureName(figure)) return figure;
  if (figure === undefined) mistakes.add(field.value, `figure is a word, here is ${kindOf(field.value)}`);
  else mistakes.addWord(field.value, "there is no figure", figure, figureNames);
  return undefined;
}

function readCause({ key, value }: Field, figure: FigureName | undefined, mistakes: Mistakes): Rule["cause"] {
  if (figure !== undefined && figure !== "splits_per_minute") {
    mistakes.add(key, `${figure} has no causes; only splits_per_minute has`);
    return null;
  }
  const word = String(scalar(value) ?? "");
  const cause = splitCauses.find((each) => each === word);
  if (cause === undefined) mistakes.addWord(value, "there is no cause", word, splitCauses);
  return cause ?? null;
}

function readThreshold(
  rule: unknown,
  fields: ReadonlyMap<string, Field>,
  figure: FigureName,
  mistakes: Mistakes,
): { threshold: Threshold; clearForNs: bigint } | undefined {
  const { unit } = figures[figure];
  const given = [fields.get("above"), fields.get("below"), fields.get("is")].filter((field) => field !== undefined);
  const [field] = given;
  if (field === undefined || given.length > 1) {
    const wanted = unit === "flag" ? "is: yes or is: no" : "one of above and below";
    mistakes.add(given[1]?.key ?? rule, `a rule for ${figure} has ${wanted}, and only one comparison`);
    return undefined;
  }
  if ((field.name === "is") !== (unit === "flag")) {
    mistakes.add(
      field.key,
      `${figure} ${unit === "flag" ? "is yes or no: write is: yes" : "is a number: write above or below"}`,
    );
    return undefined;
  }
  if (unit === "flag") {
    const yes = yesOrNo(field, mistakes);
    const clear = readClear(fields.get("clear"), undefined, mistakes);
    if (yes === undefined) return undefined;
    // A flag is 1 or 0.
    return { threshold: { side: yes ? "above" : "below", value: 0.5, clearAt: 0.5 }, clearForNs: clear.forNs };
  }
  const value = number(field, unit, mistakes);
  const clear = readClear(fields.get("clear"), unit, mistakes);
  if (value === undefined) return undefined;
  const side = field.name === "above" ? "above" : "below";
  const clearAt = clear.at ?? value;
  if (side === "above" ? clearAt > value : clearAt < value) {
    const wanted = side === "above" ? "not higher" : "not lower";
    mistakes.add(fields.get("clear")?.value, `clear.at is ${wanted} than what fires, or it would clear while it lasts`);
  }
  return { threshold: { side, value, clearAt }, clearForNs: clear.forNs };
}

/** `clear: 10m`, or `clear: {at: 40%, for: 10m}`. */
function readClear(
  field: Field | undefined,
  unit: Parameters<typeof number>[1] | undefined,
  mistakes: Mistakes,
): { at?: number | undefined; forNs: bigint } {
  if (field === undefined) return { forNs: 0n };
  if (!isMap(field.value)) return { forNs: duration(field, mistakes) ?? 0n };
  const fields = fieldsOf(field.value, "clear", unit === undefined ? ["for"] : ["at", "for"], mistakes);
  const [at, time] = [fields?.get("at"), fields?.get("for")];
  return {
    at: at === undefined || unit === undefined ? undefined : number({ ...at, name: "clear.at" }, unit, mistakes),
    forNs: time === undefined ? 0n : (duration({ ...time, name: "clear.for" }, mistakes) ?? 0n),
  };
}
