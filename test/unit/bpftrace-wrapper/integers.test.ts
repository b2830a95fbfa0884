import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseExactJson } from "../../../probes/bpftrace-wrapper/src/exact-json.ts";
import { integer, splitNumericKey, toBigInt } from "../../../probes/bpftrace-wrapper/src/index.ts";
import { decodeLine } from "./decoding.ts";

describe("integers beyond 2^53", () => {
  test.each([
    ["9007199254740991", 9007199254740991],
    ["9007199254740992", 9007199254740992n],
    ["9007199254740993", 9007199254740993n],
    ["-9007199254740991", -9007199254740991],
    ["-9007199254740993", -9007199254740993n],
    ["1234567890123456", 1234567890123456],
    ["18446744073709551615", 18446744073709551615n],
    ["-9223372036854775808", -9223372036854775808n],
    ["18446744071585890864", 18446744071585890864n],
  ])("%s is exact wherever it stands", (digits, exact) => {
    expect(decodeLine(`{"type": "value", "data": ${digits}}`)).toEqual({ type: "value", data: exact });
    expect(decodeLine(`{"type": "value", "data": [1,[${digits},"${digits}"],${digits}]}`)).toEqual({
      type: "value",
      data: [1, [exact, digits], exact],
    });
    expect(decodeLine(`{"type": "map", "data": {"@m": {"1,2": ${digits}, "${digits}": 1}}}`)).toEqual({
      type: "map",
      name: "@m",
      data: { "1,2": exact, [digits]: 1 },
    });
  });

  test("any JSON document is read as JSON.parse reads it, but for those integers", () => {
    const rounded = (value: unknown) =>
      JSON.stringify(value, (_, entry: unknown) => (typeof entry === "bigint" ? Number(entry) : entry));
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(rounded(parseExactJson(text))).toBe(rounded(JSON.parse(text)));
      }),
      { numRuns: 1000 },
    );
  });

  test("wherever in the text they begin", () => {
    for (let at = 0; at < 40; at++) {
      for (const digits of ["9007199254740993", "-9007199254740993", "18446744073709551615"]) {
        const line = `{"type": "value",${" ".repeat(at)}"data": ${digits}}`;
        expect(decodeLine(line)).toEqual({ type: "value", data: BigInt(digits) });
      }
    }
  });

  test("fractions and exponents are left to JSON.parse", () => {
    const text = "[1.12345678901234567890,12345678901234567890.5,12345678901234567890e2,1e-12345678901234567890]";
    expect(parseExactJson(text)).toEqual(JSON.parse(text));
  });

  test("only integers outside strings change, whatever the strings hold", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom("\\", '"', "1", "9") }), fc.bigInt())),
        (list) => {
          const text = `[${list.map((item) => (typeof item === "bigint" ? item : JSON.stringify(item))).join(",")}]`;
          const parsed = parseExactJson(text) as unknown[];
          expect(parsed.map((item) => (typeof item === "number" ? BigInt(item) : item))).toEqual(list);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("a key named __proto__ beside a long integer stays a key", () => {
    const parsed = parseExactJson('{"__proto__": {"a": 18446744073709551615}}') as object;
    expect(Object.keys(parsed)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
  });

  test("a string of megabytes before a long integer is no trouble", () => {
    const long = 'x\\"'.repeat(1_000_000);
    expect(parseExactJson(`["${long}",18446744073709551615]`)).toEqual([
      long.replaceAll("\\", ""),
      18446744073709551615n,
    ]);
  });
});

describe("integer", () => {
  test.each([
    [5, 5],
    [5n, 5],
    ["5", 5],
    ["-5", -5],
    ["18446744073709551615", 18446744073709551615n],
    [2n ** 63n, 2n ** 63n],
    [1.5, undefined],
    [2 ** 53, undefined],
    ["", undefined],
    ["1f", undefined],
    ["1 ", undefined],
    ["123456789012345678901", undefined],
    [null, undefined],
    [[5], undefined],
  ])("%s is %s", (value, expected) => {
    expect(integer(value)).toBe(expected);
    expect(toBigInt(value)).toBe(expected === undefined ? undefined : BigInt(expected));
  });
});

describe("splitNumericKey", () => {
  test.each([
    ["12", 1, [12]],
    ["12,345", 2, [12, 345]],
    // -1 is how 0.17 and 0.23 print a u64 of all ones in a key; 0.27 prints it unsigned (seen).
    ["-5,-1", 2, [-5, -1]],
    ["-5,18446744073709551615", 2, [-5, 18446744073709551615n]],
    ["1,2", 3, undefined],
    ["1,2", 1, undefined],
    ["1,comm", 2, undefined],
    ["1,", 2, undefined],
    ["", 1, undefined],
    ["1,(2,3)", 3, undefined],
  ])("%s with %i keys", (key, arity, expected) => {
    expect(splitNumericKey(key, arity)).toEqual(expected);
  });
});
