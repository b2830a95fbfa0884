/**
 * What no terminal may be shown raw. A process chooses its own name, and a name can hold escape sequences, marks that
 * turn text around, characters without width that make two names look the same, and halves of characters.
 */

/**
 * Cc control, Cf format (bidi marks, zero-width joiners, soft hyphen, tags), Zl and Zp line and paragraph separators,
 * Cs lone surrogates, Cn unassigned (no terminal agrees on their width), and whatever else Unicode lets a font ignore
 * (fillers, variation selectors).
 */
export const unsafeCharacters = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Cn}\p{Default_Ignorable_Code_Point}]/gu;

/** A combining mark at the start would sit on whatever was printed before it. */
const leadingMarks = /^\p{M}+/u;
const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, "0");
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  // Half a character stands for nothing: U+FFFD is what decoders put there.
  if (code >= 0xd800 && code <= 0xdfff) return "\ufffd";
  if (code < 0x100) return short[character] ?? `\\x${hex(code, 2)}`;
  return code > 0xffff ? `\\u{${hex(code, 5)}}` : `\\u${hex(code, 4)}`;
}

/** The text with everything that could act on a terminal made visible: `\x1b`, `\u202e`, `\n`, U+FFFD. One line. */
export function safeText(text: string): string {
  // Nearly every name is printable ASCII.
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return text.replace(unsafeCharacters, visible).replace(leadingMarks, (marks) => [...marks].map(visible).join(""));
}

/** JSON that is the same data when parsed, and inert when it ends on a terminal (JSON itself leaves C1 and bidi raw). */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(unsafeCharacters, (character) =>
    Array.from({ length: character.length }, (_, unit) => `\\u${hex(character.charCodeAt(unit), 4)}`).join(""),
  );
}
