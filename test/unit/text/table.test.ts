/** Tables and wrapped blocks keep to the screen, whatever the cells hold. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { indented, labelled, margin } from "../../../tui/text/block.ts";
import { cgroupName } from "../../../tui/text/cgroup-name.ts";
import { coloured, plain, wantsColour } from "../../../tui/text/paint.ts";
import { table } from "../../../tui/text/table.ts";
import { width, wrap } from "../../../tui/text/width.ts";

const columns = [
  { heading: "PID", align: "right" },
  { heading: "COMMAND", shrinkTo: 4 },
  { heading: "WHERE", shrinkTo: 4 },
] as const;

describe("table", () => {
  test("aligns columns, and cuts only those that may shrink", () => {
    const lines = table(
      columns,
      [{ cells: ["7", "a-very-long-command", "somewhere"] }, { cells: ["12345", "sh", "here"], below: ["  under"] }],
      { columns: 26, paint: plain },
    );
    expect(lines[1]).toMatch(/^ {4}7 {2}a-very.*… {2}somewh.*…?$/);
    expect(lines[3]).toBe("  under");
    for (const line of lines) expect(width(line)).toBeLessThanOrEqual(26);
  });

  test("no cell makes a line wider than the screen, or two lines of one", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.string({ unit: "binary" }),
        fc.integer({ min: 24, max: 200 }),
        (a, b, room) => {
          const lines = table(columns, [{ cells: ["4194304", a, b] }], { columns: room, paint: plain });
          expect(lines).toHaveLength(2);
          for (const line of lines) {
            expect(width(line)).toBeLessThanOrEqual(room);
            expect(line).not.toMatch(/[\n\r]/);
          }
        },
      ),
    );
  });

  test("colour is put around cells after they were cut", () => {
    const [, line] = table(columns, [{ cells: ["1", { text: "x".repeat(50), tone: "bad" }, "y"] }], {
      columns: 24,
      paint: coloured,
    });
    expect(line).toMatch(/\x1b\[31mx+…\x1b\[39m/);
  });
});

describe("wrap", () => {
  test("keeps every word, breaks only what cannot fit", () => {
    expect(wrap("one two three", 8)).toEqual(["one two", "three"]);
    expect(wrap("abcdefghij", 4)).toEqual(["abcd", "efgh", "ij"]);
    expect(wrap("", 4)).toEqual([""]);
  });

  test("no line is wider than asked", () => {
    const text = fc.array(fc.string({ minLength: 1, maxLength: 30 })).map((words) => words.join(" "));
    fc.assert(
      fc.property(text, fc.integer({ min: 20, max: 100 }), (words, room) => {
        for (const line of labelled("label", words, { columns: room, paint: plain }))
          expect(width(line)).toBeLessThanOrEqual(room);
        for (const line of indented(words, 8, { columns: room, paint: plain }))
          expect(width(line)).toBeLessThanOrEqual(room);
      }),
    );
  });

  test("text stands beside its label and under itself", () => {
    const lines = labelled("label", "word ".repeat(10), { columns: margin + 20, paint: plain });
    expect(lines[0]).toMatch(/^label {10}word word/);
    expect(lines[1]).toMatch(/^ {15}word/);
  });
});

test("colour: a terminal without NO_COLOR, or FORCE_COLOR", () => {
  expect(wantsColour(true, {})).toBe(true);
  expect(wantsColour(false, {})).toBe(false);
  expect(wantsColour(true, { NO_COLOR: "1" })).toBe(false);
  expect(wantsColour(true, { NO_COLOR: "" })).toBe(true);
  expect(wantsColour(true, { TERM: "dumb" })).toBe(false);
  expect(wantsColour(false, { FORCE_COLOR: "1" })).toBe(true);
  expect(wantsColour(true, { FORCE_COLOR: "0" })).toBe(false);
});

const id = "0123456789abcdef".repeat(4);
test.each([
  [`/system.slice/docker-${id}.scope`, "docker 0123456789ab"],
  [`/docker/${id}`, "docker 0123456789ab"],
  [`/machine.slice/libpod-${id}.scope/container`, "podman 0123456789ab"],
  [
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-${id}.scope`,
    "container 0123456789ab",
  ],
  [`/kubepods/besteffort/pod6b/${id}`, "container 0123456789ab"],
  ["/lxc.payload.web/init.scope", "lxc web"],
  ["/system.slice/nginx.service", "nginx.service"],
  ["/user.slice/user-1000.slice/session-3.scope", "session-3.scope"],
  ["/batch/7", "/batch/7"],
  ["/", "/"],
  [null, "?"],
])("cgroup %s is called %s", (path, name) => {
  expect(cgroupName(path)).toBe(name);
});
