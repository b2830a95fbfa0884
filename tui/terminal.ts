/** Everything a command may know about where it prints. Made once, so that tests can make another. */

import { Output } from "./output.ts";
import type { Screen } from "./text/block.ts";
import { coloured, plain, wantsColour } from "./text/paint.ts";

export interface Terminal {
  readonly out: Output;
  /** Standard output is a terminal: what is no text must not go there. */
  readonly outIsTerminal: boolean;
  /** One line to standard error. */
  readonly note: (text: string) => void;
  /** Standard error is a terminal: progress may be shown there. */
  readonly progress: boolean;
  readonly root: boolean;
  /** Read anew for each block: a terminal can be resized. */
  screen(): Screen;
}

/** A pipe gets what an ssh session would: nothing wraps when it is shown later. */
const columnsOfPipe = 80;

export function processTerminal(): Terminal {
  const paint = wantsColour(process.stdout.isTTY === true, process.env) ? coloured : plain;
  // A standard error that nobody reads must not end an observation.
  process.stderr.on("error", () => {});
  return {
    out: new Output(process.stdout),
    outIsTerminal: process.stdout.isTTY === true,
    note: (text) => process.stderr.write(`${text}\n`),
    progress: process.stderr.isTTY === true,
    root: process.getuid?.() === 0,
    // Narrower than 40 columns nothing lines up any more.
    screen: () => ({ columns: Math.max(40, process.stdout.columns || columnsOfPipe), paint }),
  };
}
