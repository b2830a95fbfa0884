/** Claim: what the real bpftrace printed is understood to the last line, by every release that was recorded. */
import { describe, expect, test } from "vitest";
import {
  integer,
  type Message,
  splitNumericKey,
  type TextPrint,
  type Value,
} from "../../../probes/bpftrace-wrapper/src/index.ts";
import { type Release, releases } from "../../fixtures/recordings.ts";
import { type Decoded, decode } from "./decoding.ts";

const recorded = releases();
/** The compiler of 0.24 and later speaks up between the messages; the other recordings have nothing but messages. */
const withWarnings = "warnings";

const read = ({ version, stdout }: Release, program: string): Decoded =>
  decode([stdout(program)], { version: version.text });
const map = ({ messages }: Decoded, name: string): Value | undefined =>
  messages.flatMap((message) =>
    "name" in message && message.name === name && "data" in message ? [message.data as Value] : [],
  )[0];
const of = <Type extends Message["type"]>({ messages }: Decoded, type: Type) =>
  messages.filter((message): message is Extract<Message, { readonly type: Type }> => message.type === type);
const textsOf = ({ messages }: Decoded, type: TextPrint["type"]) =>
  messages.flatMap((message) => (message.type === type ? [(message as TextPrint).data] : []));
const values = (decoded: Decoded) => of(decoded, "value").map(({ data }) => data);

test("there is a recording of each release that the product meets", () => {
  expect(recorded.map(({ version }) => `${version.major}.${version.minor}`)).toEqual(["0.17", "0.23", "0.27"]);
});

describe.each(recorded)("bpftrace $name", (release) => {
  const newer = release.version.minor >= 24;

  describe.each(Object.keys(release.programs))("%s", (program) => {
    test("ended well", () => {
      expect(release.programs[program]?.status).toBe(0);
    });

    test.skipIf(program === withWarnings)("every line is a known message, none is unparsed", () => {
      const { messages, counters } = read(release, program);
      const strangers = messages.filter(({ type }) => ["unknown", "unparsed", "overlong"].includes(type));
      expect(strangers).toEqual([]);
      expect(messages.length + counters.notices).toBe(counters.lines);
      expect(of(read(release, program), "attached_probes")).toHaveLength(1);
    });

    test("cut into single bytes it says the same", () => {
      const bytes = release.stdout(program);
      const chunks = Array.from({ length: Math.min(bytes.length, 3000) }, (_, at) => bytes.subarray(at, at + 1));
      const rest = bytes.subarray(chunks.length);
      expect(decode([...chunks, rest], { version: release.version.text }).messages).toEqual(
        read(release, program).messages,
      );
    });
  });

  const caused = (program: string) => release.programs[program]?.caused ?? {};

  test("texts of each kind", () => {
    const decoded = read(release, "texts");
    const { printf, cat, join } = caused("texts");
    expect(textsOf(decoded, "printf")).toEqual([printf]);
    expect(textsOf(decoded, "cat")).toEqual([cat]);
    expect(textsOf(decoded, "join")).toEqual([join]);
    expect(textsOf(decoded, "time")[0]).toMatch(/^\d\d:\d\d:\d\d\n$/);
  });

  test("values, and a number beyond 2^53 exactly, as a bigint or as a string", () => {
    const [number, text, tuple] = values(read(release, "values"));
    expect([number, text]).toEqual([7, "text"]);
    const [one, two, big, last] = tuple as readonly Value[];
    expect([one, two, String(integer(big)), last]).toEqual([1, "two", "9007199254740993", "three,four"]);
  });

  test("maps: scalars, and keys by number and by text", () => {
    const decoded = read(release, "maps");
    const expected = caused("maps");
    for (const name of ["scalar", "count", "min", "max", "byNumber", "byThree", "byText", "sum"]) {
      expect(map(decoded, `@${name}`), name).toEqual(expected[name]);
    }
    expect(String(integer(map(decoded, "@large")))).toBe(expected.large);
    const [key = ""] = Object.keys(map(decoded, "@byThree") ?? {});
    expect(splitNumericKey(key, 3)).toEqual([1, 9007199254740993n, 3]);
  });

  test("distributions: as many in the buckets as were put in", () => {
    const decoded = read(release, "distributions");
    const counted = (data: unknown) =>
      (data as readonly { count: number }[]).reduce((sum, { count }) => sum + count, 0);
    const { hist, histBy, lhist, avg, stats } = caused("distributions");
    expect(counted(map(decoded, "@hist"))).toBe(hist);
    expect(counted((map(decoded, "@histBy") as { 1: Value })[1])).toBe(histBy);
    expect(counted(map(decoded, "@lhist"))).toBe(lhist);
    expect(map(decoded, "@avg")).toBe(avg);
    expect(map(decoded, "@stats")).toEqual(stats);
  });

  test("events that did not fit are counted: with those that did, all that were sent", () => {
    const decoded = read(release, "lost");
    const { burst } = caused("lost");
    const arrived = values(decoded).filter((value) => Array.isArray(value) && value[0] !== "after").length;
    expect(decoded.counters.lostEvents).toBeGreaterThan(0);
    expect(arrived + decoded.counters.lostEvents).toBe(2 * Number(burst));
  });

  test("errors of helpers, with number and place", () => {
    const errors = of(read(release, "helper-error"), "helper_error");
    const { errors: count, retcode } = caused("helper-error");
    expect(errors).toHaveLength(Number(count));
    for (const error of errors) {
      expect(error).toMatchObject({ helper: "map_update_elem", retcode, line: 1 });
      if (newer) expect(error.msg).toBe("Argument list too long");
    }
  });

  test("hostile names come out as the process set them", () => {
    const { names, pid } = caused("names") as { names: Record<string, string>; pid: number };
    const decoded = read(release, "names");
    const text = (hex: string) => Buffer.from(hex, "hex").toString("utf8");
    const made = values(decoded).filter((value) => Array.isArray(value) && value[0] === "made" && value[1] === pid);
    expect(made.map((value) => (value as readonly Value[])[3])).toEqual(Object.values(names).map(text));
    for (const value of made) {
      const [, , big, , last] = value as readonly Value[];
      expect([String(integer(big)), last], "its neighbours stay").toEqual(["9007199254740993", 31]);
    }
    const renamed = values(decoded).filter(
      (value) => Array.isArray(value) && value[0] === "renamed" && value[1] === pid,
    );
    expect(renamed.map((value) => (value as readonly Value[])[2])).toEqual(
      expect.arrayContaining(Object.values(names).map(text)),
    );
    expect(decoded.counters.messages.lost_events).toBe(0);
  });

  test("a count that was printed after a hostile name is the count", () => {
    const decoded = read(release, "names");
    expect(map(decoded, "@many")).toEqual([{ min: 4, max: 7, count: caused("names").many }]);
  });

  test("hostile names are the keys that they were, but for the spaces that newer releases take out", () => {
    const { names, pid } = caused("names") as { names: Record<string, string>; pid: number };
    const expected = Object.values(names).map((hex) => `${pid},${Buffer.from(hex, "hex").toString("utf8")}`);
    const spaceless = expected.map((key) => key.replaceAll(" ", ""));
    expect(new Set(Object.keys(map(read(release, "names"), "@made") ?? {}))).toEqual(
      new Set(newer ? spaceless : expected),
    );
  });

  test("stacks are text with a frame a line, in values and in keys", () => {
    const decoded = read(release, "stacks");
    const frames = (printed: string) =>
      printed
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "");
    const stacks = values(decoded).map((value) => frames(String((value as readonly Value[])[0])));
    expect(stacks.length).toBeGreaterThanOrEqual(Number(caused("stacks").renames));
    for (const stack of stacks) expect(stack[0]).toMatch(/^__set_task_comm\+\d+$/);
    const keys = Object.keys(map(decoded, "@by") ?? {}).map((key) => frames(key.replace(/, ?5$/, "")));
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(stacks).toContainEqual(key);
  });

  test.runIf(newer)("series, warnings and errors of the program", () => {
    const decoded = read(release, "series");
    const { warnf, errorf, series } = caused("series");
    expect(of(decoded, "warnf").map(({ msg }) => msg)).toEqual([warnf]);
    expect(of(decoded, "errorf").map(({ msg }) => msg)).toEqual([errorf]);
    expect(of(decoded, "tseries")[0]?.data).toMatchObject([{ value: series }]);
  });

  test.runIf(newer)("the compiler's warnings between messages are counted as lines that are none", () => {
    const decoded = read(release, withWarnings);
    const unparsed = of(decoded, "unparsed");
    expect(unparsed.length).toBeGreaterThan(0);
    expect(unparsed[0]).toMatchObject({ reason: "notJson", line: expect.stringContaining("WARNING") });
    expect(values(decoded)).toEqual([caused(withWarnings).value]);
  });
});
