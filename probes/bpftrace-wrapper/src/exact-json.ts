import type { Value, ValueRecord } from "./messages.ts";

/** 2^53 - 1 has sixteen digits: shorter integers are exact as a double, longer ones are not. */
const DIGITS = 16;
const LARGEST_EXACT = "9007199254740991";

/**
 * True when the text holds a run of digits that a double cannot hold exactly, in a number or in a string.
 * Runs on every chunk: sixteen digits in a row cover a position that is 15 modulo 16, so only those are looked at.
 */
export function hasInexactInteger(text: string): boolean {
  return findInexactRun(text, 0) !== undefined;
}

interface Run {
  readonly start: number;
  readonly end: number;
}

function findInexactRun(text: string, from: number): Run | undefined {
  for (let at = from + DIGITS - 1; at < text.length; at += DIGITS) {
    if (!isDigit(text.charCodeAt(at))) continue;
    let start = at;
    while (start > from && isDigit(text.charCodeAt(start - 1))) start--;
    let end = at + 1;
    while (isDigit(text.charCodeAt(end))) end++;
    if (end - start > DIGITS) return { start, end };
    // Of equal length, string order is numeric order.
    if (end - start === DIGITS && text.slice(start, end) > LARGEST_EXACT) return { start, end };
  }
  return undefined;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/**
 * JSON.parse, but integers that a double cannot hold exactly become bigint.
 * Node 20 has no JSON.parse with source access, so such integers are marked as strings first; the mark is a private-use
 * character that does not occur in the text.
 *
 * @throws SyntaxError when the text is not JSON
 */
export function parseExactJson(text: string): unknown {
  const mark = unusedMark(text);
  const quotes = new QuoteScan(text);
  let source = "";
  let copied = 0;
  for (let run = findInexactRun(text, 0); run !== undefined; run = findInexactRun(text, run.end)) {
    if (quotes.insideString(run.start) || isPartOfFraction(text, run)) continue;
    const start = text[run.start - 1] === "-" ? run.start - 1 : run.start;
    source += `${text.slice(copied, start)}"${mark}${text.slice(start, run.end)}"`;
    copied = run.end;
  }
  if (copied === 0) return JSON.parse(text);
  const parsed: unknown = JSON.parse(source + text.slice(copied));
  return unmark(parsed as Value, mark);
}

const FRACTION_BEFORE = /[.eE+]$|[eE]-$/;
const FRACTION_AFTER = /[.eE]/;

/** bpftrace prints no fractions; whoever does keeps what JSON.parse makes of them. */
function isPartOfFraction(text: string, { start, end }: Run): boolean {
  return FRACTION_BEFORE.test(text.slice(Math.max(0, start - 2), start)) || FRACTION_AFTER.test(text.charAt(end));
}

/** Tells for growing positions whether they are inside a string. */
class QuoteScan {
  readonly #text: string;
  #next: number;
  #inside = false;

  constructor(text: string) {
    this.#text = text;
    this.#next = text.indexOf('"');
  }

  insideString(position: number): boolean {
    while (this.#next !== -1 && this.#next < position) {
      if (!this.#inside || !this.#isEscaped(this.#next)) this.#inside = !this.#inside;
      this.#next = this.#text.indexOf('"', this.#next + 1);
    }
    return this.#inside;
  }

  #isEscaped(quote: number): boolean {
    let backslashes = 0;
    while (this.#text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes++;
    return backslashes % 2 === 1;
  }
}

function unusedMark(text: string): string {
  // Escaped, the mark could hide. bpftrace writes no escape like \ue000: where one is, its line pays for the search.
  const searched = text.includes("\\u") ? text.toLowerCase() : text;
  for (let code = 0xe000; ; code++) {
    const mark = String.fromCharCode(code);
    if (!searched.includes(mark) && !searched.includes(`\\u${code.toString(16)}`)) return mark;
  }
}

function unmark(value: Value, mark: string): Value {
  if (typeof value === "string") return value.startsWith(mark) ? BigInt(value.slice(1)) : value;
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) value[index] = unmark(value[index], mark);
    return value;
  }
  // fromEntries defines properties, so a key named __proto__ stays a key.
  return Object.fromEntries(Object.entries(value as ValueRecord).map(([key, entry]) => [key, unmark(entry, mark)]));
}
