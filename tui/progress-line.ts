/** One line on standard error that is written over while something goes on, for a person who waits. */
import type { Terminal } from "./terminal.ts";
import { truncate } from "./text/width.ts";

export interface ProgressLine {
  /** Makes room for a line that stays; the progress comes back with the next turn. */
  wipe(): void;
  /** Ends it and leaves nothing. */
  stop(): void;
}

/** How often it is written, ms. */
const usualTurn = 1000;

/** @returns undefined where standard error is no terminal: nothing is written */
export function showProgress(
  terminal: Terminal,
  line: () => string,
  everyMs: number = usualTurn,
): ProgressLine | undefined {
  if (!terminal.progress) return undefined;
  const wipe = () => process.stderr.write("\r\x1b[K");
  // A line that wraps could not be written over.
  const show = () => process.stderr.write(`\r${truncate(line(), (process.stderr.columns || 80) - 1)}\x1b[K`);
  show();
  const timer = setInterval(show, everyMs);
  const stop = () => {
    clearInterval(timer);
    wipe();
  };
  return { wipe, stop };
}
