/** What an export format is. */
import type { TraceFile } from "../../trace/traceFile.ts";

/** Makes inert what could act on a terminal or an editor: an export may be printed on one. Whoever prints brings it. */
export interface Inert {
  /** One line, every control character visible. */
  text(text: string): string;
  /** JSON that parses to the same value. */
  json(value: unknown): string;
}

/**
 * A trace as pieces of text, or of bytes if the format is binary, in order; joined they are the file. A piece may be
 * empty: nothing to say yet, and a chance for others to get their turn. Reads the trace as it goes: damage is known to
 * `file` when all was taken.
 */
export type Conversion = (file: TraceFile, inert: Inert) => Generator<string | Uint8Array, void, undefined>;
