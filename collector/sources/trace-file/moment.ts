/** A moment of a trace as a person writes it: a point in time, a time of the day, or how far into the recording. */
import type { TraceFile } from "../../trace/traceFile.ts";

const dayMs = 86_400_000;

/**
 * @param text ISO 8601 (local time without a zone), 03:12 or 03:12:30 (local, the first such time in the trace), or
 *   +90s, +5m, +2h from its beginning
 * @param fromBeginning reads a length of time, ms
 * @returns ns of the trace's CLOCK_MONOTONIC; undefined when it is no time, or the trace has no wall clock
 */
export function momentIn(
  file: TraceFile,
  text: string,
  fromBeginning: (text: string) => number | undefined,
): bigint | undefined {
  const first = file.batches[0];
  if (first === undefined) return undefined;
  if (text.startsWith("+")) {
    const ms = fromBeginning(text.slice(1));
    return ms === undefined ? undefined : first.from + BigInt(ms) * 1_000_000n;
  }
  const wall = wallMs(text, first.wall);
  if (wall === undefined || !Number.isFinite(first.wall)) return undefined;
  // The wall clock may have been set meanwhile: the last batch that began before decides.
  const place = file.batches.findLast((batch) => batch.wall <= wall) ?? first;
  return place.from + BigInt(Math.round((wall - place.wall) * 1e6));
}

function wallMs(text: string, startMs: number): number | undefined {
  const time = /^(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d{1,3})?))?$/.exec(text);
  if (time === null) {
    if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return undefined;
    const ms = Date.parse(text.replace(" ", "T"));
    return Number.isNaN(ms) ? undefined : ms;
  }
  const [, hours = "", minutes = "", seconds = "0"] = time;
  const day = new Date(startMs);
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) >= 60) return undefined;
  day.setHours(Number(hours), Number(minutes), 0, 0);
  const ms = day.getTime() + Number(seconds) * 1000;
  return ms + 1000 < startMs ? ms + dayMs : ms;
}
