/** The words that a command's arguments may hold in braces, and what stands there in the end. */
import { safeText } from "../../safeText.ts";
import type { AlertNotice } from "./notice.ts";

/** Text of others: process and host names may be in it. */
const foreign = ["who", "host", "message"] as const;
const own = ["rule", "status", "change", "figure", "value", "time", "started"] as const;
export const commandWords: readonly string[] = [...own, ...foreign];

export type CommandWord = (typeof own)[number] | (typeof foreign)[number];

/** A text that begins with one of these could begin with a dash. A value never does: figures are not negative. */
export const beginsForeign = new RegExp(`^\\{(${foreign.join("|")})\\}`);

/** Environment and arguments of a process share about 2 MiB, and no single one may have more than 128 KiB. */
const longest = 1000;

/** One line each, without NUL and other control characters. */
export function wordsOf(notice: AlertNotice): Readonly<Record<CommandWord, string>> {
  const text = (value: string | null) => safeText((value ?? "?").slice(0, longest));
  return {
    rule: text(notice.rule),
    status: notice.status,
    change: notice.change,
    figure: text(notice.figure),
    value: notice.value === null ? "?" : String(notice.value),
    time: text(notice.time),
    started: text(notice.startedAt),
    who: text(notice.who),
    host: text(notice.host),
    message: text(notice.message),
  };
}

/** In one go: a process that calls itself {host} stays what it is. */
export const fillWords = (argument: string, words: Readonly<Record<string, string>>) =>
  argument.replace(/\{([a-z]+)\}/g, (all, word: string) => (Object.hasOwn(words, word) ? (words[word] ?? all) : all));
