/** What may stand behind the keys of a rule: lengths of time, thresholds, labels, a message. */
import { closestWord } from "./closestWord.ts";
import type { FigureUnit } from "./figures/reading.ts";
import { messageWords, placeholder } from "./message.ts";
import { ruleLimits } from "./rule.ts";
import { type Field, fieldsOf, kindOf, type Mistakes, quoted, scalar, text } from "./yamlFields.ts";

const secondsOf = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600, d: 86_400 } as const;
const longestSeconds = 30 * secondsOf.d;

/** 7d, 1h, 300s. */
export const lengthOf = (seconds: number) =>
  seconds % secondsOf.d === 0
    ? `${seconds / secondsOf.d}d`
    : seconds % secondsOf.h === 0
      ? `${seconds / secondsOf.h}h`
      : `${seconds}s`;

/** 500ms, 90s, 5m, 1.5h, 2d in ns. */
export function duration({ name, value }: Field, mistakes: Mistakes, most = longestSeconds): bigint | undefined {
  const match = /^(\d{1,7}(?:\.\d{1,3})?)(ms|s|min|m|h|d)$/.exec(String(scalar(value) ?? ""));
  const seconds = match === null ? undefined : Number(match[1]) * secondsOf[match[2] as keyof typeof secondsOf];
  if (seconds === undefined) {
    mistakes.add(value, `${name} is a length of time like 30s, 5m, 1h or 2d, here is ${kindOf(value)}`);
    return undefined;
  }
  if (seconds > most) {
    mistakes.add(value, `${name} is at most ${lengthOf(most)}`);
    return undefined;
  }
  return BigInt(Math.round(seconds * 1000)) * 1_000_000n;
}

const bytesOf = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;

const examples: Readonly<Record<FigureUnit, string>> = {
  share: "a share like 60% or 0.6",
  bytes: "a size like 64MiB",
  perMinute: "a number a minute like 600",
  hours: "a number of hours like 24",
  count: "a number like 3",
  flag: "yes or no",
};

export function number({ name, value }: Field, unit: FigureUnit, mistakes: Mistakes): number | undefined {
  const given = scalar(value);
  const match = /^(\d{1,15}(?:\.\d{1,6})?) ?(%|B|KiB|MiB|GiB|TiB)$/.exec(typeof given === "string" ? given : "");
  const [, digits, suffix] = match ?? [];
  let found: number | undefined;
  if (typeof given === "number") found = given;
  else if (suffix === "%" && unit === "share") found = Number(digits) / 100;
  else if (suffix !== undefined && suffix !== "%" && unit === "bytes")
    found = Number(digits) * bytesOf[suffix as keyof typeof bytesOf];
  if (found !== undefined && Number.isFinite(found) && found >= 0) {
    // Of a limit one can use more than all; 60 for 60% is the slip to catch.
    if (unit !== "share" || found <= 10) return found;
    mistakes.add(value, `${name} is ${examples.share}; ${found} would be ${found * 100}%`, `${found}%`);
    return undefined;
  }
  mistakes.add(value, `${name} is ${examples[unit]} for this figure, here is ${kindOf(value)}`);
  return undefined;
}

export function yesOrNo({ name, value }: Field, mistakes: Mistakes): boolean | undefined {
  const given = scalar(value);
  if (given === true || given === "yes") return true;
  if (given === false || given === "no") return false;
  mistakes.add(value, `${name} is yes or no, here is ${kindOf(value)}`);
  return undefined;
}

/** Names as Prometheus and Alertmanager allow them; two underscores at the beginning are theirs. */
const labelName = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]{0,63}$/;

export function labels(field: Field, mistakes: Mistakes): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { name, key, value } of fieldsOf(field.value, "labels", null, mistakes, ruleLimits.labels)?.values() ??
    []) {
    const given = text(value);
    if (!labelName.test(name)) {
      mistakes.add(
        key,
        `a label is named with letters, digits and _ and does not begin with __, here is ${quoted(name)}`,
      );
    } else if (given === undefined) {
      mistakes.add(value, `label ${name} is text, here is ${kindOf(value)}; put it in quotes`);
    } else if (given.length > ruleLimits.labelCharacters) {
      mistakes.add(value, `label ${name} has more than ${ruleLimits.labelCharacters} characters`);
    } else found[name] = given;
  }
  return found;
}

export function message({ value }: Field, mistakes: Mistakes): string | undefined {
  const given = text(value);
  if (given === undefined) {
    mistakes.add(value, `message is text, here is ${kindOf(value)}; text that begins with { needs quotes`);
    return undefined;
  }
  if (given.length > ruleLimits.messageCharacters) {
    mistakes.add(value, `message has more than ${ruleLimits.messageCharacters} characters`);
    return undefined;
  }
  for (const [all, word = ""] of given.matchAll(placeholder)) {
    if (messageWords.includes(word)) continue;
    const suggestion = closestWord(word, messageWords);
    const list = suggestion === null ? `; there are: ${messageWords.join(", ")}` : "";
    mistakes.add(value, `message has no figure for ${quoted(all)}${list}`, suggestion && `{${suggestion}}`);
  }
  return given;
}
