/** A moment of a trace as a person writes it: a point in time, a time of the day, or how far into the recording. */
import type { TraceFile } from "../../trace/traceFile.ts";
import type { BatchPlace } from "../../trace/traceIndex.ts";

/**
 * @param text ISO 8601 (local time without a zone), 03:12 or 03:12:30 (local, the first such time in the trace, else the
 *   one nearest to it), or +90s, +5m, +2h from its beginning
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
  if (!Number.isFinite(first.wall)) return undefined;
  const wall = timeOfDay(text, file.batches) ?? pointInTime(text);
  if (wall === undefined) return undefined;
  // The wall clock may have been set meanwhile: the last batch that began before decides.
  const place = file.batches.findLast((batch) => batch.wall <= wall) ?? first;
  return place.from + BigInt(Math.round((wall - place.wall) * 1e6));
}

function pointInTime(text: string): number | undefined {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})(?:[T ]|$)/.exec(text) ?? [];
  // Date.parse takes the 30th of February for the 2nd of March.
  if (Number(day) > new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()) return undefined;
  const ms = day === undefined ? Number.NaN : Date.parse(text.replace(" ", "T"));
  return Number.isNaN(ms) ? undefined : ms;
}

function timeOfDay(text: string, batches: readonly BatchPlace[]): number | undefined {
  const time = /^(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d{1,3})?))?$/.exec(text);
  const [first, last] = [batches[0], batches.at(-1)];
  if (time === null || first === undefined || last === undefined) return undefined;
  const [, hours = "", minutes = "", seconds = "0"] = time;
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) >= 60) return undefined;
  const end = last.wall + Number(last.to - last.from) / 1e6;
  const onDay = (days: number) => {
    const day = new Date(first.wall);
    // By the calendar: a day on which clocks are put forward has 23 hours.
    day.setDate(day.getDate() + days);
    day.setHours(Number(hours), Number(minutes), 0, 0);
    return day.getTime() + Number(seconds) * 1000;
  };
  const [today, next] = [onDay(0), onDay(1)];
  if (today >= first.wall) return today;
  // 03:12 of a recording that begins at 03:12:20 is just before it, and not a day later.
  return next <= end || next - end < first.wall - today ? next : today;
}
