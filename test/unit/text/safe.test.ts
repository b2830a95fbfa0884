/** A process chooses its name; nothing in it may act on a terminal or pass for something else. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { safeJson, safeText } from "../../../tui/text/safe.ts";
import { fit, truncate, width } from "../../../tui/text/width.ts";

/** Written out by code, so that this test does not share the regular expression it checks. */
function actsOnTerminal(text: string): boolean {
  return [...text].some((character) => {
    const code = character.codePointAt(0) ?? 0;
    return (
      code < 0x20 ||
      (code >= 0x7f && code <= 0x9f) ||
      code === 0xad ||
      code === 0x61c ||
      (code >= 0x200b && code <= 0x200f) ||
      (code >= 0x2028 && code <= 0x202e) ||
      (code >= 0x2060 && code <= 0x206f) ||
      code === 0xfeff ||
      (code >= 0x600 && code <= 0x605) ||
      (code >= 0xfff9 && code <= 0xfffb) ||
      (code >= 0xd800 && code <= 0xdfff) ||
      (code >= 0xe0000 && code <= 0xe007f)
    );
  });
}

/** Ordinary text, mixed with what an attacker would pick. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("\x1b[31m", "\x1b]0;x\x07", "\u202e", "\u2066", "\u200f", "\u200b", "\n", "\r\n", "\x9b2J"),
      fc.constantFrom("\ud800", "\udc00", "\ufeff", "日本", "👩‍👩‍👧", "\u0301", "{red-fg}", "<script>", '{"pid":1}'),
    ),
  )
  .map((parts) => parts.join(""));

describe("safeText", () => {
  test.each([
    ["\x1b[2J", "\\x1b[2J"],
    ["a\u202egpj.exe", "a\\u202egpj.exe"],
    ["\u0600arabic number sign", "\\u0600arabic number sign"],
    ["\ufff9annotation", "\\ufff9annotation"],
    ["two\nlines", "two\\nlines"],
    ["\x9b31m", "\\x9b31m"],
    ["zero\u200bwidth", "zero\\u200bwidth"],
    ["half \ud800 gone", "half \ufffd gone"],
    ["tag\u{e0041}", "tag\\u{e0041}"],
    ["\u0301first", "\\u0301first"],
    ["{red-fg} <script> \"'", "{red-fg} <script> \"'"],
    ["日本 é ü", "日本 é ü"],
  ])("%j is shown as %j", (name, shown) => {
    expect(safeText(name)).toBe(shown);
  });

  test("no name gets anything through that acts on a terminal", () => {
    fc.assert(fc.property(hostile, (name) => !actsOnTerminal(safeText(name))));
  });

  test("a safe name stays as it is when made safe again", () => {
    fc.assert(fc.property(hostile, (name) => safeText(safeText(name)) === safeText(name)));
  });
});

describe("width", () => {
  test("fit gives exactly the columns asked for, whatever the name", () => {
    fc.assert(
      fc.property(hostile, fc.nat(60), fc.constantFrom("left", "right"), (name, columns, align) => {
        expect(width(fit(safeText(name), columns, align as "left" | "right"))).toBe(columns);
      }),
    );
  });

  test("truncate never gives more than asked for, and marks what it cut", () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 60 }), (name, columns) => {
        const whole = safeText(name);
        const cut = truncate(whole, columns);
        expect(width(cut)).toBeLessThanOrEqual(columns);
        expect(cut === whole || cut.endsWith("…")).toBe(true);
      }),
    );
  });

  test("a wide character that does not fit is left out, and its place filled", () => {
    expect(fit("日本語", 4)).toBe("日… ");
    expect(fit("日本", 5)).toBe("日本 ");
  });
});

describe("safeJson", () => {
  test("is the same data when parsed, one line, and inert on a terminal", () => {
    fc.assert(
      fc.property(hostile, (name) => {
        const text = safeJson({ comm: name });
        expect(actsOnTerminal(text)).toBe(false);
        expect(JSON.parse(text)).toStrictEqual({ comm: name });
      }),
    );
  });
});
