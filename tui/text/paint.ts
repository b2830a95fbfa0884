/** Colour, or none: everything that paints asks for it here, and gets plain text where colour is not wanted. */
import { styleText } from "node:util";

export type Tone = "heading" | "quiet" | "good" | "warning" | "bad";
export type Paint = (tone: Tone, text: string) => string;

const styles = { heading: "bold", quiet: "dim", good: "green", warning: "yellow", bad: "red" } as const;

export const plain: Paint = (_tone, text) => text;
// The decision is ours, made once: styleText must not make another one about its own idea of the stream.
export const coloured: Paint = (tone, text) => styleText(styles[tone], text, { validateStream: false });

/** FORCE_COLOR wins over NO_COLOR, as in Node itself; NO_COLOR counts when it is not empty (no-color.org). */
export function wantsColour(terminal: boolean, environment: NodeJS.ProcessEnv): boolean {
  const forced = environment.FORCE_COLOR;
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  return terminal && !environment.NO_COLOR && environment.TERM !== "dumb";
}
