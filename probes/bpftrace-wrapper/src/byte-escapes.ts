/**
 * bpftrace escapes a character c when `c <= 0x1f`; where char is signed (x86) that is true of every byte over 0x7f, and
 * the int it prints is negative: 0xc3 comes out as `\uffffffc3`, which JSON.parse takes for U+FFFF and the text "ffc3". (src/output.cpp 0.17,
 * src/output/json.cpp 0.24 and later; seen on 0.17.0, 0.23.2 and 0.27.1.) bpftrace writes no other `\u` than this and
 * `\u0000` to `\u001f`, so the eight digits cannot be a legitimate escape followed by text.
 */
export const BYTE_ESCAPE = "\\uffffff";

// The second branch walks over every other escape, so that `\\uffffffc3` (a backslash and text) is left alone.
const BYTES_OR_ESCAPE = /(?:\\uffffff[89a-f][0-9a-f])+|\\[\s\S]/g;

/** Turns each run of escaped bytes into the text that it encodes; what is not UTF-8 becomes U+FFFD. Never throws. */
export function repairByteEscapes(line: string): string {
  return line.replace(BYTES_OR_ESCAPE, (match) =>
    match.length === 2 ? match : Buffer.from(match.replaceAll(BYTE_ESCAPE, ""), "hex").toString("utf8"),
  );
}

/** Where the first `\u` escape of a line of JSON begins, or -1; an escaped backslash before a u is none. */
export function firstUnicodeEscape(line: string): number {
  for (let at = line.indexOf("\\"); at !== -1; at = line.indexOf("\\", at + 2)) {
    if (line.charCodeAt(at + 1) === 0x75) return at;
  }
  return -1;
}
