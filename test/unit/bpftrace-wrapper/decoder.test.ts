import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MessageDecoder } from "../../../probes/bpftrace-wrapper/src/index.ts";
import { decode, decodeLine } from "./decoding.ts";

// Printed by bpftrace 0.17.0 and 0.27.1 on this machine for the same program; blank lines and the notice included.
const STREAM_0_17 = `{"type": "attached_probes", "data": {"probes": 1}}
{"type": "value", "data": [1,"a\\"\\\\\\n","\\uffffffc3\\uffffffa9x",31,18446744073709551615,831227570320]}
{"type": "printf", "data": "\\u0001h\\uffffffffi 31\\n"}
{"type": "hist", "data": {"@h2": [{"min": 512, "max": 1023, "count": 1}]}}


{"type": "map", "data": {"@c": 1}}
{"type": "stats", "data": {"@s": {"count": 1, "average": 31, "total": 31}}}
{"type": "map", "data": {"@t": {"1,2": 31}}}
`;
const STREAM_0_27 = `{"type": "attached_probes", "count": 1, "data": {"probes": 1}}
__BPFTRACE_NOTIFY_PROBES_ATTACHED
{"type": "value", "data": [1,"a\\"\\\\\\n","\\uffffffc3\\uffffffa9x",31,"18446744073709551615",897299987501]}
{"type": "printf", "data": "\\u0001h\\uffffffffi 31\\n"}
{"type": "hist", "data": {"@h2": [{"min": 512, "max": 1023, "count": 1}]}}
{"type": "map", "data": {"@c": 1}}
{"type": "stats", "data": {"@s": {"count": 1, "average": 31, "total": 31}}}
{"type": "map", "data": {"@t": {"1,2": 31}}}
`;

describe("a stream of real output", () => {
  test("0.17 gives typed messages, exact integers and repaired bytes", () => {
    const { messages, counters } = decode([STREAM_0_17]);
    expect(messages).toEqual([
      { type: "attached_probes", probes: 1 },
      { type: "value", data: [1, 'a"\\\n', "éx", 31, 18446744073709551615n, 831227570320] },
      { type: "printf", data: "\u0001h\ufffdi 31\n" },
      { type: "hist", name: "@h2", data: [{ min: 512, max: 1023, count: 1 }] },
      { type: "map", name: "@c", data: 1 },
      { type: "stats", name: "@s", data: { count: 1, average: 31, total: 31 } },
      { type: "map", name: "@t", data: { "1,2": 31 } },
    ]);
    expect(counters).toMatchObject({ lines: 7, blank: 2, notices: 0, bytes: Buffer.byteLength(STREAM_0_17) });
  });

  test("0.27 gives the same, and its notice on stdout is not garbage", () => {
    const { messages, counters, notices } = decode([STREAM_0_27], { version: "v0.27.1" });
    expect(messages.map(({ type }) => type)).toEqual(decode([STREAM_0_17]).messages.map(({ type }) => type));
    expect(notices).toBe(1);
    expect(counters).toMatchObject({ lines: 8, notices: 1 });
    expect(counters.messages.unparsed).toBe(0);
  });

  test.each([
    ["0.17", STREAM_0_17, "v0.17.0"],
    ["0.27", STREAM_0_27, "v0.27.1"],
  ])("%s cut in two at every byte gives the same messages", (_, stream, version) => {
    const bytes = Buffer.from(stream);
    const whole = decode([bytes], { version });
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(decode([bytes.subarray(0, cut), bytes.subarray(cut)], { version })).toEqual(whole);
    }
  });

  test("raw UTF-8, as printed where char is unsigned, survives a cut inside a character", () => {
    const bytes = Buffer.from('{"type": "value", "data": [1,"é漢😀"]}\n');
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { messages } = decode([bytes.subarray(0, cut), bytes.subarray(cut)]);
      expect(messages).toEqual([{ type: "value", data: [1, "é漢😀"] }]);
    }
  });

  test("byte by byte it gives the same messages", () => {
    const bytes = Buffer.from(STREAM_0_17);
    expect(decode([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(decode([bytes]));
  });
});

describe("every message type", () => {
  // The lines were printed by 0.17.0, 0.23.2 or 0.27.1, but for the count-only shapes (src/output/json.cpp before 0.25).
  test.each([
    ['{"type": "attached_probes", "data": {"probes": 3}}', { type: "attached_probes", probes: 3 }],
    ['{"type":"attached_probes", "count":3}', { type: "attached_probes", probes: 3 }],
    ['{"type": "lost_events", "data": {"events": 6}}', { type: "lost_events", events: 6 }],
    ['{"type": "lost_events", "count": 6, "data": {"events": 6}}', { type: "lost_events", events: 6 }],
    ['{"type": "map", "data": {"@b": true}}', { type: "map", name: "@b", data: true }],
    ['{"type": "map", "data": {"@": {}}}', { type: "map", name: "@", data: {} }],
    ['{"type": "stats", "data": {"@av": {"2": 3}}}', { type: "stats", name: "@av", data: { 2: 3 } }],
    [
      '{"type": "hist", "data": {"@h": {"1": [{"max": -1, "count": 2}, {"min": 0, "max": 0, "count": 1}]}}}',
      {
        type: "hist",
        name: "@h",
        data: {
          1: [
            { max: -1, count: 2 },
            { min: 0, max: 0, count: 1 },
          ],
        },
      },
    ],
    ['{"type": "value", "data": {"a": 1, "b": "x"}}', { type: "value", data: { a: 1, b: "x" } }],
    ['{"type": "value", "data": null}', { type: "value", data: null }],
    ['{"type": "time", "data": "08\\n"}', { type: "time", data: "08\n" }],
    ['{"type": "join", "data": ""}', { type: "join", data: "" }],
    ['{"type": "cat", "data": "0.58 1/87\\n"}', { type: "cat", data: "0.58 1/87\n" }],
    ['{"type": "syscall", "data": "x"}', { type: "syscall", data: "x" }],
    [
      '{"type": "helper_error", "helper": "map_delete_elem", "retcode": -2, "line": 1, "col": 48}',
      { type: "helper_error", helper: "map_delete_elem", retcode: -2, line: 1, col: 48 },
    ],
    [
      '{"type": "helper_error", "msg": "Bad address", "helper": "probe_read_str", "retcode": -14, "filename": "stdin", "line": 1, "col": 22}',
      {
        type: "helper_error",
        helper: "probe_read_str",
        retcode: -14,
        line: 1,
        col: 22,
        msg: "Bad address",
        filename: "stdin",
      },
    ],
    [
      '{"type": "errorf", "msg": "bad x", "filename": "stdin", "line": 1, "col": 30}',
      { type: "errorf", msg: "bad x", filename: "stdin", line: 1, col: 30 },
    ],
    [
      '{"type": "tseries", "data": {"@t": [{"interval_start":"2026-11-21 09:02:01.600000000","value":31}]}}',
      { type: "tseries", name: "@t", data: [{ interval_start: "2026-11-21 09:02:01.600000000", value: 31 }] },
    ],
    [
      '{"type": "test_result", "data": {}}',
      { type: "unknown", name: "test_result", raw: { type: "test_result", data: {} } },
    ],
    ['{"type": "map", "data": 5}', { type: "unknown", name: "map", raw: { type: "map", data: 5 } }],
    ['{"type": "lost_events"}', { type: "unknown", name: "lost_events", raw: { type: "lost_events" } }],
    ['{"type": 5}', { type: "unparsed", reason: "notAMessage", line: '{"type": 5}', length: 11 }],
    ["[1]", { type: "unparsed", reason: "notAMessage", line: "[1]", length: 3 }],
    ["No probes to attach", { type: "unparsed", reason: "notJson", line: "No probes to attach", length: 19 }],
  ])("%s", (line, message) => {
    expect(decodeLine(line, "v0.27.1")).toEqual(message);
  });

  test("an unreadable line is kept to 4 KiB, with its whole length", () => {
    const message = decodeLine("x".repeat(10_000));
    expect(message).toEqual({ type: "unparsed", reason: "notJson", line: "x".repeat(4096), length: 10_000 });
  });
});

describe("hostile strings stay data", () => {
  // As bpftrace escapes them (src/output.cpp, json_escape): a process can name itself anything.
  const names = [
    'say "hi"\\',
    "line\nbreak\r\n",
    "\u001b[31mred\u001b]0;title\u0007",
    "{red-fg}x{/}",
    "<script>alert(1)</script>",
    "\u202etxt.exe\u2066",
    '{"type": "lost_events", "data": {"events": 9}}\n',
    "__BPFTRACE_NOTIFY_PROBES_ATTACHED\n",
    '","pid":"1',
    "\\uffffffc3 literal",
    "\\u0041",
    '"count": 1f}',
    "\u0000\u0001\u001f\u007f",
    "12345678901234567890",
    "\ue000" + "12345678901234567890",
    "__proto__",
  ];

  function asBpftraceEscapes(text: string): string {
    let out = "";
    for (const byte of Buffer.from(text, "utf8")) {
      const char = String.fromCharCode(byte);
      if (char === '"' || char === "\\") out += `\\${char}`;
      else if (char === "\n") out += "\\n";
      else if (char === "\r") out += "\\r";
      else if (char === "\t") out += "\\t";
      else if (byte > 0x7f) out += `\\uffffff${byte.toString(16)}`;
      else if (byte <= 0x1f) out += `\\u${byte.toString(16).padStart(4, "0")}`;
      else out += char;
    }
    return out;
  }

  test.each(names)("%j", (name) => {
    const escaped = asBpftraceEscapes(name);
    const line = `{"type": "value", "data": [18446744073709551615,"${escaped}",7,{"${escaped}": 1}]}`;
    for (const version of ["v0.17.0", "v0.27.1", null]) {
      const { messages, notices } = decode([`${line}\n`], { version });
      const record = Object.fromEntries([[name, 1]]);
      expect(messages).toEqual([{ type: "value", data: [18446744073709551615n, name, 7, record] }]);
      expect(notices).toBe(0);
    }
  });

  test("any text that bpftrace can print comes back as it was", () => {
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(text, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (name, number) => {
        const line = `{"type": "value", "data": [${number},"${asBpftraceEscapes(name)}",${number}]}`;
        const exact = number <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(number) : number;
        expect(decodeLine(line)).toEqual({ type: "value", data: [exact, name, exact] });
      }),
      { numRuns: 500 },
    );
  });

  test("fifteen bytes that are not UTF-8 become replacement characters, and their neighbours stay", () => {
    const bytes = "c0 80 ff fe ed a0 80 f5 80 80 80 e2 82 f0 9f".split(" ");
    const line = `{"type": "value", "data": [5,"${bytes.map((byte) => `\\uffffff${byte}`).join("")}","next",5]}`;
    const message = decodeLine(line);
    expect(message).toEqual({ type: "value", data: [5, expect.stringMatching(/^\ufffd+$/), "next", 5] });
    expect(message).toEqual({
      type: "value",
      data: [5, new TextDecoder().decode(Buffer.from(bytes.join(""), "hex")), "next", 5],
    });
  });
});

describe("limits", () => {
  test("a line over the limit is skipped up to its newline, and said with its length; the next one is read", () => {
    const lines = ['{"type": "time", "data": "a"}', "x".repeat(1000), '{"type": "time", "data": "b"}', ""].join("\n");
    const bytes = Buffer.from(lines);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { messages, counters } = decode([bytes.subarray(0, cut), bytes.subarray(cut)], { maxLineBytes: 100 });
      expect(messages).toEqual([
        { type: "time", data: "a" },
        { type: "overlong", bytes: 1000 },
        { type: "time", data: "b" },
      ]);
      expect(counters.messages.overlong).toBe(1);
    }
  });

  test("a line of exactly the limit is read", () => {
    const line = '{"type": "time", "data": "a"}';
    expect(decode([`${line}\n`], { maxLineBytes: line.length }).messages).toHaveLength(1);
    expect(decode([`${line}\n`], { maxLineBytes: line.length - 1 }).messages).toEqual([
      { type: "overlong", bytes: line.length },
    ]);
  });

  test("beside a line over the limit, one of exactly the limit is read", () => {
    const line = '{"type": "time", "data": "a"}';
    const { messages } = decode([`${"x".repeat(100)}\n${line}\n`], { maxLineBytes: line.length });
    expect(messages).toEqual([
      { type: "overlong", bytes: 100 },
      { type: "time", data: "a" },
    ]);
  });

  test("the end of the stream inside a line is reported, unless the line was whole but for its newline", () => {
    expect(decode(['{"type": "time", "da']).messages).toEqual([
      { type: "unparsed", reason: "cutOff", line: '{"type": "time", "da', length: 20 },
    ]);
    expect(decode(['{"type": "time", "data": "a"}']).messages).toEqual([{ type: "time", data: "a" }]);
    expect(decode(["x".repeat(50)], { maxLineBytes: 10 }).messages).toEqual([{ type: "overlong", bytes: 50 }]);
  });
});

describe("whatever comes", () => {
  const lines = fc.array(
    fc.oneof(
      fc.constantFrom(...STREAM_0_17.split("\n"), ...STREAM_0_27.split("\n")),
      fc.string(),
      fc.json(),
      fc.constant("[".repeat(5000)),
    ),
  );
  const bytes = fc.oneof(
    lines.map((some) => Buffer.from(some.join("\n"))),
    fc.uint8Array({ maxLength: 300 }).map((some) => Buffer.from(some)),
  );
  const version = fc.constantFrom("v0.17.0", "v0.23.2", "v0.27.1", "v0.99.0", null);

  test("any bytes, cut anywhere: nothing throws, the messages are the same, every line is counted", () => {
    fc.assert(
      fc.property(
        bytes,
        fc.array(fc.nat(400)),
        version,
        fc.constantFrom(20, 1000),
        (stream, cuts, name, maxLineBytes) => {
          const at = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length];
          const chunks = at.slice(1).map((end, index) => stream.subarray(at[index], end));
          const whole = decode([stream], { version: name, maxLineBytes });
          expect(decode(chunks, { version: name, maxLineBytes })).toEqual(whole);
          const { counters } = whole;
          const counted = Object.values(counters.messages).reduce((sum, count) => sum + count, 0);
          expect(counters.lines).toBe(counted + counters.notices);
          expect(whole.messages).toHaveLength(counted);
          const newlines = stream.filter((byte) => byte === 0x0a).length;
          const tail = stream.length > 0 && stream.at(-1) !== 0x0a ? 1 : 0;
          expect(counters.lines + counters.blank).toBe(newlines + tail);
          expect(counters.bytes).toBe(stream.length);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("a receiver that throws still gets the other messages; push throws its first error", () => {
    const seen: string[] = [];
    const decoder = new MessageDecoder({
      receive: (message) => {
        seen.push(message.type);
        throw new Error(`at ${message.type}`);
      },
    });
    const chunk = Buffer.from('{"type": "time", "data": "a"}\n{"type": "cat", "data": "b"}\n');
    expect(() => decoder.push(chunk)).toThrow("at time");
    expect(seen).toEqual(["time", "cat"]);
    expect(() => decoder.end()).not.toThrow();
  });
});
