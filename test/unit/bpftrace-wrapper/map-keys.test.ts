/** Claim: whatever a process put into a string, the key that bpftrace 0.23 made of it comes out as that string. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeLine } from "./decoding.ts";

/** As bpftrace escapes bytes where char is signed. */
function escaped(bytes: Buffer): Buffer {
  const simple: Readonly<Record<number, string>> = { 34: '\\"', 92: "\\\\", 10: "\\n", 13: "\\r", 9: "\\t" };
  const parts = [...bytes].map((byte) => {
    if (byte > 0x7f) return `\\uffffff${byte.toString(16)}`;
    return simple[byte] ?? (byte < 0x20 ? `\\u${byte.toString(16).padStart(4, "0")}` : String.fromCharCode(byte));
  });
  return Buffer.from(parts.join(""));
}

const line = (key: Buffer, type = "map", value = "1") => `{"type": "${type}", "data": {"@m": {"${key}": ${value}}}}\n`;
const keyOf = (text: string, version = "v0.23.2") => {
  const message = decodeLine(text, version);
  return message !== undefined && "data" in message ? Object.keys(message.data as object) : [];
};
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array.map((byte) => byte || 1)));

test("any bytes, beside a number", () => {
  fc.assert(
    fc.property(bytes, fc.integer(), (name, number) => {
      const twice = escaped(Buffer.concat([escaped(name), Buffer.from(`,${number}`)]));
      expect(keyOf(line(twice))).toEqual([`${name.toString("utf8")},${number}`]);
      // Other releases escape once, and nothing is taken off.
      expect(keyOf(line(escaped(name)), "v0.17.0")).toEqual([name.toString("utf8")]);
    }),
  );
});

test.each([
  ["hist", '[{"min": 1, "max": 1, "count": 2}]'],
  ["stats", '{"count": 1, "average": 31, "total": 31}'],
])("keys of %s too", (type, value) => {
  expect(keyOf(line(escaped(escaped(Buffer.from("a\nb"))), type, value))).toEqual(["a\nb"]);
});

test("a tuple inside a key stays JSON", () => {
  const tuple = Buffer.from(`[1,"${escaped(Buffer.from('x"\n'))}"]`);
  expect(keyOf(line(escaped(Buffer.concat([escaped(Buffer.from('y"\n,')), tuple]))))).toEqual([`y"\n,[1,"x\\"\\n"]`]);
});

test("keys that differ only in what is not UTF-8 are both there", () => {
  const [one, two] = [0xc0, 0xff].map((byte) => escaped(escaped(Buffer.from([byte]))).toString());
  const message = decodeLine(`{"type": "map", "data": {"@m": {"${one}": 1, "${two}": 2}}}\n`, "v0.23.2");
  expect(message).toMatchObject({ data: { "\ufffd": 1, "\\uffffffff": 2 } });
});

test("a value that holds an escaped backslash is no key", () => {
  expect(decodeLine('{"type": "map", "data": {"@m": "a\\\\nb"}}\n', "v0.23.2")).toMatchObject({ data: "a\\nb" });
});
