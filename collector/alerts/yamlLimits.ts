/**
 * A look at YAML before it is parsed: the parser's time and stack grow with nesting, aliases, tags and the number of
 * keys, and neither rules nor a configuration need many of them. Splitting into words is quick, whatever the text.
 */
import { CST, Lexer } from "yaml";
import { ruleLimits } from "./rule.ts";

const deepest = 8;
/** About 20 a rule, with the most rules there may be. */
const mostKeys = 20 * ruleLimits.rules;

const forbidden: Partial<Record<NonNullable<ReturnType<typeof CST.tokenType>>, string>> = {
  anchor: "an anchor (&) has no place here: write each one out",
  alias: "an alias (*) has no place here: write each one out; text with * needs quotes",
  tag: "a tag (!) has no place here; text with ! needs quotes",
  "explicit-key-ind": "a key with ? has no place here",
  "directive-line": "a % directive has no place here",
};

/** @returns the first thing in the text that nobody needs here; undefined when it may be parsed */
export function beyondLimits(source: string): { readonly offset: number; readonly text: string } | undefined {
  const counts = { depth: 0, keys: 0, items: 0, documents: 0 };
  let offset = 0;
  let isScalar = false;
  for (const token of new Lexer().lex(source)) {
    const type = isScalar ? "scalar" : CST.tokenType(token);
    isScalar = token === CST.SCALAR;
    // Marks of the lexer's own, which do not stand in the text.
    if (isScalar || token === CST.DOCUMENT || token === CST.FLOW_END) continue;
    const text = (type === null ? undefined : forbidden[type]) ?? count(type, counts);
    if (text !== undefined) return { offset, text };
    offset += token.length;
  }
  return undefined;
}

function count(
  type: string | null,
  counts: { depth: number; keys: number; items: number; documents: number },
): string | undefined {
  if (type === "flow-map-start" || type === "flow-seq-start") counts.depth++;
  if (type === "flow-map-end" || type === "flow-seq-end") counts.depth--;
  if (type === "map-value-ind" || type === "comma") counts.keys++;
  if (type === "seq-item-ind") counts.items++;
  if (type === "doc-start") counts.documents++;
  if (counts.depth > deepest) return "this is nested too deeply";
  if (counts.keys > mostKeys) return `more than ${mostKeys} keys`;
  if (counts.items > ruleLimits.rules)
    return `more than ${ruleLimits.rules} entries; at most ${ruleLimits.rules} rules are allowed`;
  if (counts.documents > 1) return "one file has one document: a second --- begins another";
  return undefined;
}
