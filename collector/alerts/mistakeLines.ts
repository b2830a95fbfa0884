/** Mistakes of a file as lines for a person, one each, as compilers write them. */
import { safeText } from "../safeText.ts";
import type { Mistake } from "./rule.ts";

const mostPrinted = 50;

export function mistakeLines(file: string, mistakes: readonly Mistake[]): string[] {
  const lines = mistakes.slice(0, mostPrinted).map(({ line, column, text, suggestion }) => {
    const meant = suggestion === null ? "" : `; did you mean ${suggestion}?`;
    return safeText(`${file}:${line}:${column}: ${text}${meant}`);
  });
  const rest = mistakes.length - lines.length;
  return rest > 0 ? [...lines, `and ${rest} more`] : lines;
}
