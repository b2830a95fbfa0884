/**
 * A YAML mapping as fields with places. The tree of the parser is walked as it is and never turned into objects: an
 * alias cannot be expanded (there are none here), and a key cannot reach a prototype.
 */
import { isAlias, isMap, isScalar, type LineCounter, type Node, type ParsedNode } from "yaml";
import { closestWord } from "./closestWord.ts";
import type { Mistake } from "./rule.ts";

export interface Field {
  readonly name: string;
  readonly key: unknown;
  readonly value: unknown;
}

/** Beyond this nobody reads on. */
const mostMistakes = 1000;

export class Mistakes {
  readonly found: Mistake[] = [];
  readonly #lines: LineCounter;

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  /** @param place a node of the tree; the beginning of the file when it has no place */
  add(place: unknown, text: string, suggestion: string | null = null): void {
    this.addAt(offsetOf(place), text, suggestion);
  }

  addAt(offset: number, text: string, suggestion: string | null = null): void {
    if (this.found.length >= mostMistakes) return;
    const { line, col } = this.#lines.linePos(offset);
    this.found.push({ line: Math.max(1, line), column: Math.max(1, col), text, suggestion });
  }

  /** A word that is not one of those allowed. */
  addWord(place: unknown, what: string, word: string, allowed: readonly string[]): void {
    const suggestion = closestWord(word, allowed);
    const list = suggestion === null ? `; there are: ${allowed.join(", ")}` : "";
    this.add(place, `${what} ${quoted(word)}${list}`, suggestion);
  }
}

/** The text as it was written, short enough for one line. */
export const quoted = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);

function offsetOf(place: unknown): number {
  const range = typeof place === "object" && place !== null ? (place as Partial<Node & ParsedNode>).range : undefined;
  return range?.[0] ?? 0;
}

/** The value of a scalar; undefined for a list, a mapping, an alias, or nothing at all. */
export function scalar(node: unknown): string | number | boolean | undefined {
  if (!isScalar(node)) return undefined;
  const { value } = node;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : undefined;
}

/** Text as it stands in the file. */
export function text(node: unknown): string | undefined {
  const value = scalar(node);
  return typeof value === "string" ? value : undefined;
}

/** What stands there, for a sentence. */
export function kindOf(node: unknown): string {
  if (isAlias(node)) return "an alias (* and & have no place here)";
  if (isMap(node)) return "a mapping";
  if (isScalar(node)) return node.value === null ? "nothing" : `${typeof node.value} ${quoted(String(node.value))}`;
  return node === null || node === undefined ? "nothing" : "a list";
}

/** The fields of a mapping by name; says which keys are unknown, no text, or there twice. */
export function fieldsOf(
  node: unknown,
  what: string,
  allowed: readonly string[] | null,
  mistakes: Mistakes,
  most = 64,
): ReadonlyMap<string, Field> | undefined {
  if (!isMap(node)) {
    mistakes.add(node, `${what} is a mapping of ${allowed?.join(", ") ?? "names to text"}, here is ${kindOf(node)}`);
    return undefined;
  }
  if (node.items.length > most) {
    mistakes.add(node, `${what} has ${node.items.length} entries; at most ${most} are allowed`);
    return undefined;
  }
  const fields = new Map<string, Field>();
  for (const { key, value } of node.items) {
    const name = text(key);
    if (name === undefined) mistakes.add(key, `a key of ${what} is a word, here is ${kindOf(key)}`);
    else if (allowed !== null && !allowed.includes(name)) mistakes.addWord(key, `${what} has no`, name, allowed);
    else if (fields.has(name)) mistakes.add(key, `${quoted(name)} is there twice`);
    else fields.set(name, { name, key, value: value ?? key });
  }
  return fields;
}
