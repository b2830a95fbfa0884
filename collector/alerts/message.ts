/** The message of an alert: the rule's text with figures put in. Names in it are hostile text until they are printed. */
import type { Snapshot } from "../snapshot.ts";
import type { FigureUnit, Reading } from "./figures/reading.ts";
import { type FigureName, figureNames, figures, isFigureName } from "./figures.ts";
import type { Rule } from "./rule.ts";

const ownWords = ["value", "threshold", "who", "host", "rule"] as const;
/** What may stand between braces. */
export const messageWords: readonly string[] = [...ownWords, ...figureNames];

/** Everything in braces, wrong words too. */
export const placeholder = /\{([^{}]*)\}/g;

/** A path of a cgroup can be 4096 characters long. */
const longestName = 200;

export function fillMessage(
  rule: Rule,
  { value, who }: Reading,
  { host }: Snapshot,
  read: (figure: FigureName) => Reading,
): string {
  const { unit } = figures[rule.figure];
  // In one go: a process that calls itself {host} stays what it is.
  return rule.message.replace(placeholder, (all, word: string) => {
    switch (word) {
      case "value":
        return formatFigure(value, unit);
      case "threshold":
        return formatFigure(rule.threshold.value, unit);
      case "who":
        return clipped(who ?? "?");
      case "host":
        return clipped(host.name);
      case "rule":
        return rule.name;
      default:
        return isFigureName(word) ? formatFigure(read(word).value, figures[word].unit) : all;
    }
  });
}

const clipped = (name: string) => (name.length > longestName ? `${name.slice(0, longestName)}...` : name);

const sizes = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

export function formatFigure(value: number | null, unit: FigureUnit): string {
  if (value === null) return "?";
  switch (unit) {
    case "share":
      return `${rounded(value * 100)}%`;
    case "flag":
      return value > 0 ? "yes" : "no";
    case "bytes": {
      const power = value < 1024 ? 0 : Math.min(sizes.length - 1, Math.floor(Math.log2(value) / 10));
      return `${rounded(value / 1024 ** power)} ${sizes[power]}`;
    }
    default:
      return rounded(value);
  }
}

/** One decimal below 100; what is small and not zero does not look like zero. */
function rounded(value: number): string {
  if (value > 0 && value < 0.1) return value.toPrecision(1);
  return value < 100 ? String(Math.round(value * 10) / 10) : String(Math.round(value));
}
