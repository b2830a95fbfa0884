/** The table of keys: help, footer and README are made from it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { keyList, keyListBegin, keyListEnd } from "../../../tui/dashboard/keyList.ts";
import { commandOf, commandsIn, keyCommands } from "../../../tui/dashboard/keys.ts";
import { canDraw, lookOf } from "../../../tui/dashboard/look.ts";
import { helpLines } from "../../../tui/dashboard/views/help.ts";
import { unicodeLook } from "./terminal.ts";

test.each(["live", "replay"] as const)("%s: no key means two things", (mode) => {
  const keys = commandsIn(mode).flatMap((command) => command.keys);
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
});

test.each([
  [{ ch: "q", full: "q" }, "quit"],
  [{ ch: "\x03", full: "C-c" }, "quit"],
  [{ ch: "?", full: "?" }, "help"],
  [{ ch: " ", full: "space" }, "freeze"],
  [{ ch: "G", full: "S-g" }, "last"],
  [{ ch: "S", full: "S-s" }, "sortPrevious"],
  [{ ch: "\t", full: "tab" }, "nextPanel"],
  [{ full: "S-tab" }, "previousPanel"],
  [{ full: "up" }, "up"],
  [{ ch: "j", full: "j" }, "down"],
  [{ ch: "\x1a", full: "C-z" }, "suspend"],
  [{ ch: "x", full: "x" }, undefined],
] as const)("%j is %s", (press, command) => {
  expect(commandOf(press)).toBe(command);
});

test.each([
  [{ ch: " ", full: "space" }, "playOrPause"],
  [{ ch: "T", full: "S-t" }, "previousSplit"],
  [{ ch: "[", full: "[" }, "back10s"],
  [{ ch: "q", full: "q" }, "quit"],
] as const)("in a replay %j is %s", (press, command) => {
  expect(commandOf(press, "replay")).toBe(command);
});

test("live, the keys of a replay do nothing", () => {
  for (const ch of [".", "f", "F", "[", "]", "{", "}", "^", "$", "t", "T", "u", "U", "o", "O", "a", "A"])
    expect(commandOf({ ch, full: ch })).toBeUndefined();
});

test.each(["live", "replay"] as const)("%s: help names every key there is, and no other", (mode) => {
  const text = helpLines(100, unicodeLook, mode)
    .map(({ spans }) => spans.map(({ text }) => text).join(""))
    .join("\n");
  for (const { shown, does } of commandsIn(mode)) {
    expect(text).toContain(shown);
    expect(text).toContain(does.slice(0, 40));
  }
  for (const { does, only } of keyCommands) if (only !== undefined && only !== mode) expect(text).not.toContain(does);
});

describe("the README", () => {
  const path = join(import.meta.dirname, "../../../README.md");
  const readme = existsSync(path) ? readFileSync(path, "utf8") : "";

  test.runIf(readme.includes(keyListBegin))("has the list that the table makes", () => {
    const [, rest = ""] = readme.split(keyListBegin);
    expect(`${keyListBegin}${rest.split(keyListEnd)[0]}${keyListEnd}`).toBe(keyList());
  });

  test("the list is one table row for each command", () => {
    const rows = keyList()
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    expect(rows).toHaveLength(keyCommands.length);
  });
});

describe("what the terminal can show", () => {
  const tty = { isTTY: true };
  test.each(["dumb", "", "unknown"])("TERM=%s cannot draw", (TERM) => expect(canDraw(tty, tty, { TERM })).toBe(false));
  test("a pipe at either end cannot", () => {
    expect(canDraw(tty, {}, { TERM: "xterm" })).toBe(false);
    expect(canDraw({}, tty, { TERM: "xterm" })).toBe(false);
    expect(canDraw(tty, tty, { TERM: "xterm" })).toBe(true);
  });
  test.each([
    ["xterm-256color", 256, false],
    ["screen-256color", 256, false],
    ["tmux-256color", 256, false],
    ["xterm-kitty", 256, false],
    ["xterm", 16, false],
    ["linux", 16, true],
    ["vt100", 0, true],
  ])("TERM=%s: %d colours, ascii %s", (TERM, colours, ascii) => {
    expect(lookOf({ TERM, LANG: "C.UTF-8" }, false)).toMatchObject({ colours, ascii, clipboard: !ascii });
  });
  test("a locale without UTF-8 gets ASCII", () => expect(lookOf({ TERM: "xterm", LANG: "C" }, false).ascii).toBe(true));
  test("NO_COLOR, unless it is empty", () => {
    expect(lookOf({ TERM: "xterm", NO_COLOR: "1" }, false).colours).toBe(0);
    expect(lookOf({ TERM: "xterm", NO_COLOR: "" }, false).colours).toBe(16);
  });
});
