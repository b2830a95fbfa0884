/** What of a recording could not be read: told on standard error, and as the exit status of whoever reads it whole. */
import type { TraceFile } from "../../collector/trace/traceFile.ts";
import { type ExitStatus, exitStatus } from "../exit-status.ts";
import type { Terminal } from "../terminal.ts";
import { safeText } from "../text/safe.ts";
import { formatTime } from "../text/times.ts";

/** What could not be read, one line each, with its time; known when all was read. */
export function tellDamage(file: TraceFile, terminal: Terminal): ExitStatus {
  const timeOf = (ns: bigint | null) => {
    const place = ns === null ? undefined : (file.batches.findLast(({ from }) => from <= ns) ?? file.batches[0]);
    if (ns === null || place === undefined || !Number.isFinite(place.wall)) return "?";
    return formatTime(new Date(place.wall + Number(ns - place.from) / 1e6).toISOString());
  };
  for (const { from, to, batch, reason } of file.damage) {
    const what = batch === null ? "part of the file" : `batch ${batch}`;
    terminal.note(`secretscope: from ${timeOf(from)} to ${timeOf(to)} ${what} cannot be read: ${safeText(reason)}`);
  }
  if (file.end === "cut") {
    terminal.note(`secretscope: the recording was cut off; it ends at ${timeOf(file.lastTime)}`);
  }
  return file.damage.length > 0 || file.end === "cut" ? exitStatus.finding : exitStatus.fine;
}
