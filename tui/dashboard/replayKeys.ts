/** The part of the table of keys that only a replay has. */
import type { KeyCommand } from "./keys.ts";

const replayCommands = [
  "playOrPause",
  "stepOn",
  "faster",
  "slower",
  "back10s",
  "on10s",
  "back1min",
  "on1min",
  "toBegin",
  "toEnd",
  "nextSplit",
  "previousSplit",
  "nextRefused",
  "previousRefused",
  "nextOomKill",
  "previousOomKill",
  "nextGap",
  "previousGap",
] as const;
export type ReplayCommandName = (typeof replayCommands)[number];

const names: ReadonlySet<string> = new Set(replayCommands);

export const isReplayCommand = (name: string): name is ReplayCommandName => names.has(name);

type Footer = KeyCommand["footer"];

function key(name: ReplayCommandName, keys: readonly string[], shown: string, does: string, footer?: Footer) {
  const command: KeyCommand = { name, keys, shown, does, where: "replay", only: "replay" };
  return footer === undefined ? command : { ...command, footer };
}

/** Ranks between those of the other commands: a replay is moved through more than it is sorted. */
export const replayKeys: readonly KeyCommand[] = [
  key("playOrPause", ["space"], "Space", "play, pause; at the end: play again from the beginning", {
    word: "play/pause",
    rank: 2.1,
  }),
  key("stepOn", ["."], ".", "one sample on, and pause", { word: "step", rank: 2.2 }),
  key("faster", ["f"], "f", "play faster: up to 1000 times, then as fast as it can be read", {
    word: "faster",
    rank: 2.3,
  }),
  key("slower", ["F"], "F", "play slower: down to a tenth", { word: "slower", rank: 2.4 }),
  key("back10s", ["["], "[", "10 s back"),
  key("on10s", ["]"], "]", "10 s on", { word: "10 s on", rank: 2.5 }),
  key("back1min", ["{"], "{", "1 min back"),
  key("on1min", ["}"], "}", "1 min on"),
  key("toBegin", ["^"], "^", "to the beginning of the recording"),
  key("toEnd", ["$"], "$", "to its end"),
  key("nextSplit", ["t"], "t", "to the next split, s on the time line"),
  key("previousSplit", ["T"], "T", "to the split before"),
  key("nextRefused", ["u"], "u", "to the next refusal, R on the time line"),
  key("previousRefused", ["U"], "U", "to the refusal before"),
  key("nextOomKill", ["o"], "o", "to the next OOM kill, X on the time line", { word: "next OOM", rank: 2.6 }),
  key("previousOomKill", ["O"], "O", "to the OOM kill before"),
  key("nextGap", ["a"], "a", "to the end of the next gap, ? on the time line"),
  key("previousGap", ["A"], "A", "to the end of the gap before"),
];
