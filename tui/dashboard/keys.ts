/** Every key is a command with a name. Help, footer and the README's list are made from this table. */
import { type ReplayCommandName, replayKeys } from "./replayKeys.ts";

/** What is drawn: this machine, or a recording. */
export type Mode = "live" | "replay";

export type CommandName =
  | ReplayCommandName
  | "help"
  | "quit"
  | "suspend"
  | "up"
  | "down"
  | "pageUp"
  | "pageDown"
  | "first"
  | "last"
  | "nextPanel"
  | "previousPanel"
  | "panel1"
  | "panel2"
  | "panel3"
  | "panel4"
  | "panel5"
  | "open"
  | "back"
  | "filter"
  | "sortNext"
  | "sortPrevious"
  | "reverse"
  | "group"
  | "longer"
  | "shorter"
  | "freeze"
  | "evidence"
  | "copy"
  | "write"
  | "record";

export interface KeyCommand {
  readonly name: CommandName;
  /** As blessed names them (lib/keys.js), shift by the letter itself. */
  readonly keys: readonly string[];
  /** As people write them. */
  readonly shown: string;
  readonly does: string;
  readonly where: "move" | "look" | "replay" | "keep" | "leave";
  /** Missing: in both. */
  readonly only?: Mode;
  /** One word for the footer; the narrower the screen, the fewer: lower first. */
  readonly footer?: { readonly word: string; readonly rank: number; readonly only?: Mode };
}

export const keyCommands: readonly KeyCommand[] = [
  { name: "up", keys: ["up", "k"], shown: "↑ k", does: "one row up", where: "move" },
  { name: "down", keys: ["down", "j"], shown: "↓ j", does: "one row down", where: "move" },
  { name: "pageUp", keys: ["pageup", "C-u", "C-b"], shown: "PgUp", does: "a page up", where: "move" },
  { name: "pageDown", keys: ["pagedown", "C-d", "C-f"], shown: "PgDn", does: "a page down", where: "move" },
  { name: "first", keys: ["home"], shown: "Home", does: "the first row", where: "move" },
  { name: "last", keys: ["end", "G"], shown: "End G", does: "the last row", where: "move" },
  {
    name: "nextPanel",
    keys: ["tab", "right", "l"],
    shown: "Tab → l",
    does: "the next panel",
    where: "move",
    footer: { word: "panel", rank: 7 },
  },
  { name: "previousPanel", keys: ["S-tab", "left", "h"], shown: "S-Tab ← h", does: "the panel before", where: "move" },
  { name: "panel1", keys: ["1"], shown: "1", does: "Direct map", where: "move" },
  { name: "panel2", keys: ["2"], shown: "2", does: "Holders", where: "move" },
  { name: "panel3", keys: ["3"], shown: "3", does: "Who splits", where: "move" },
  { name: "panel4", keys: ["4"], shown: "4", does: "OOM", where: "move" },
  { name: "panel5", keys: ["5"], shown: "5", does: "Events", where: "move" },
  {
    name: "open",
    keys: ["enter", "linefeed"],
    shown: "Enter",
    does: "open the row: its card, files, stacks; on the direct map: the evidence",
    where: "look",
    footer: { word: "open", rank: 3 },
  },
  {
    name: "back",
    keys: ["escape"],
    shown: "Esc",
    does: "back: close, then clear the filter, then the selection",
    where: "look",
  },
  {
    name: "filter",
    keys: ["/"],
    shown: "/",
    does: "filter rows: words, user:NAME, cgroup:PART, pid:NUMBER",
    where: "look",
    footer: { word: "filter", rank: 4 },
  },
  {
    name: "sortNext",
    keys: ["s", ">"],
    shown: "s >",
    does: "sort by the next column",
    where: "look",
    footer: { word: "sort", rank: 5 },
  },
  { name: "sortPrevious", keys: ["S", "<"], shown: "S <", does: "sort by the column before", where: "look" },
  // As in top and in htop.
  { name: "reverse", keys: ["R", "I"], shown: "R I", does: "turn the order round", where: "look" },
  {
    name: "group",
    keys: ["g"],
    shown: "g",
    does: "group holders by user, by cgroup, not at all",
    where: "look",
    footer: { word: "group", rank: 8 },
  },
  { name: "longer", keys: ["+", "="], shown: "+", does: "longer window for rates: 1 min, 10 min, 1 h", where: "look" },
  { name: "shorter", keys: ["-", "_"], shown: "-", does: "shorter window for rates", where: "look" },
  {
    name: "freeze",
    keys: ["space"],
    shown: "Space",
    does: "freeze the screen; collecting goes on",
    where: "look",
    only: "live",
    footer: { word: "freeze", rank: 6 },
  },
  {
    name: "evidence",
    keys: ["e"],
    shown: "e",
    does: "why the figures can be trusted, or not",
    where: "look",
    footer: { word: "evidence", rank: 9 },
  },
  ...replayKeys,
  {
    name: "copy",
    keys: ["c"],
    shown: "c",
    does: "copy the card of the row as text: to a file, and to the clipboard where the terminal allows",
    where: "keep",
    footer: { word: "copy", rank: 11 },
  },
  {
    name: "write",
    keys: ["w"],
    shown: "w",
    does: "write the present snapshot as JSON to a file",
    where: "keep",
    footer: { word: "write", rank: 10 },
  },
  {
    name: "record",
    keys: ["r"],
    shown: "r",
    does: "record into a new file, named for host and time; r again ends it. Not in a replay",
    where: "keep",
    footer: { word: "record", rank: 12, only: "live" },
  },
  {
    name: "help",
    keys: ["?"],
    shown: "?",
    does: "this list",
    where: "leave",
    footer: { word: "help", rank: 1 },
  },
  { name: "suspend", keys: ["C-z"], shown: "Ctrl-Z", does: "suspend; fg comes back", where: "leave" },
  {
    name: "quit",
    keys: ["q", "C-c"],
    shown: "q",
    does: "quit (Ctrl-C too)",
    where: "leave",
    footer: { word: "quit", rank: 2 },
  },
];

export const keyGroups: readonly (readonly [KeyCommand["where"], string])[] = [
  ["move", "Move"],
  ["look", "Look"],
  ["replay", "Replay"],
  ["keep", "Keep"],
  ["leave", "Help and leave"],
];

/** The commands that there are: a replay has more, and one less. */
export function commandsIn(mode: Mode): readonly KeyCommand[] {
  return keyCommands.filter(({ only }) => only === undefined || only === mode);
}

const keysIn = (mode: Mode) =>
  new Map(commandsIn(mode).flatMap((command) => command.keys.map((key) => [key, command.name] as const)));
const byKey: Readonly<Record<Mode, ReadonlyMap<string, CommandName>>> = {
  live: keysIn("live"),
  replay: keysIn("replay"),
};

/** What a key press is called in the table. */
export interface KeyPress {
  /** The character that was typed, if any. */
  readonly ch?: string | undefined;
  /** blessed's name with modifiers: C-c, S-tab, pageup. */
  readonly full?: string | undefined;
}

export function commandOf({ ch, full }: KeyPress, mode: Mode = "live"): CommandName | undefined {
  const keys = byKey[mode];
  // The character says more than the name: "?" has none, and "G" is called S-g.
  return (ch === undefined ? undefined : keys.get(ch)) ?? (full === undefined ? undefined : keys.get(full));
}
