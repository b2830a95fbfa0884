/** What the person keeps: a card as text, a snapshot as JSON. Only for its owner's eyes, and never over another file. */
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Snapshot } from "../../collector/snapshot.ts";
import { safeJson } from "../text/safe.ts";
import type { Look } from "./look.ts";
import type { Card } from "./views/cardWriter.ts";
import { type Line, outside } from "./views/line.ts";

const mostTries = 100;

/**
 * Writes a new file, mode 0600, into the first folder that takes it.
 * @param stem the name without a number and an ending; made of letters, digits, dots and dashes
 * @returns the path
 * @throws what the last folder said
 */
export function saveNew(folders: readonly string[], stem: string, ending: string, text: string): string {
  let complaint: unknown = new Error("no folder to write to");
  for (const folder of folders) {
    try {
      return saveInto(folder, stem, ending, text);
    } catch (error) {
      complaint = error;
    }
  }
  throw complaint;
}

function saveInto(folder: string, stem: string, ending: string, text: string): string {
  for (let number = 1; number <= mostTries; number += 1) {
    const path = join(folder, `${stem}${number === 1 ? "" : `-${number}`}.${ending}`);
    try {
      // wx: fails when it exists, and does not follow a link that someone put there.
      writeFileSync(path, text, { flag: "wx", mode: 0o600 });
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  throw new Error(`${join(folder, stem)} and ${mostTries - 1} more exist already`);
}

/** Where the person is; where that cannot be written to, the folder for what is temporary. */
export const saveFolders = (): readonly string[] => [process.cwd(), tmpdir()];

/** 2026-11-21T09-10-05Z: sorts by time, and is a file name everywhere. */
export const stampOf = (iso: string): string =>
  iso
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(":", "-")
    .replace(/[^\w.-]/g, "");

/** What asks a terminal to put text on the clipboard (OSC 52); undefined: too long for terminals to take. */
export function clipboardSequence(text: string): string | undefined {
  const encoded = Buffer.from(text).toString("base64");
  // xterm and tmux take 74994 and more; beyond that some drop the connection's pace, some the text.
  return encoded.length > 74_994 ? undefined : `\x1b]52;c;${encoded}\x07`;
}

/** @returns what to tell the person, and what puts the card on the clipboard where the terminal allows */
export function saveCard(card: Card, time: string, look: Look): { message: string; clipboard: string | undefined } {
  const text = cardText(outside(card.name, look), card.lines);
  const path = saveNew(saveFolders(), `secretscope-card-${stampOf(time)}`, "txt", text);
  const clipboard = look.clipboard ? clipboardSequence(text) : undefined;
  return {
    message: `card written to ${path}${clipboard === undefined ? "" : ", and sent to the clipboard"}`,
    clipboard,
  };
}

/** @returns what to tell the person */
export function saveSnapshot(snapshot: Snapshot): string {
  const stem = `secretscope-${stampOf(snapshot.time)}`;
  return `snapshot written to ${saveNew(saveFolders(), stem, "json", `${safeJson(snapshot)}\n`)}`;
}

function cardText(name: string, lines: readonly Line[]): string {
  const body = lines.map(({ spans }) =>
    spans
      .map(({ text }) => text)
      .join("")
      .trimEnd(),
  );
  return `${name}\n${body.join("\n")}\n`;
}
