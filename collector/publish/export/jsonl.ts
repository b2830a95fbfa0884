/**
 * JSON lines: every event of the trace in its order, one a line, in the words and units of collector/events.ts. Times
 * are decimal strings: nanoseconds do not fit into the numbers of most JSON readers.
 */
import type { Event } from "../../events.ts";
import { playback } from "../../trace/playback.ts";
import type { TraceFile } from "../../trace/traceFile.ts";
import type { Inert } from "./conversion.ts";

export function* jsonl(file: TraceFile, inert: Inert): Generator<string, void, undefined> {
  for (const { events, isState } of playback(file)) {
    for (const event of events) yield `${inert.json(asData(event, isState))}\n`;
  }
}

/** `state` marks what a checkpoint says again: known before, or recorded in an earlier file; it did not happen now. */
function asData(event: Event, isState: boolean): Record<string, unknown> {
  const { kind, ...fields } = event;
  const data: Record<string, unknown> = isState ? { kind, state: true } : { kind };
  for (const [name, value] of Object.entries(fields)) data[name] = typeof value === "bigint" ? String(value) : value;
  return data;
}
