/**
 * Stacks of splits as flamegraph.pl and inferno read them: `frame;frame;frame count`, root first. The first two frames
 * are the cause and the process; then the kernel's functions, outermost first. The counts add up to what the ledger
 * attributes; what no stack explains is a line of its own.
 */

import type { SplitCauseView } from "../../snapshot.ts";
import { TraceReplay } from "../../sources/trace-file/replay.ts";
import type { TraceFile } from "../../trace/traceFile.ts";
import type { Inert } from "./conversion.ts";

export function* folded(file: TraceFile, inert: Inert): Generator<string, void, undefined> {
  const replay = new TraceReplay(file);
  while (replay.step()) yield "";
  const { splitCauses, evidence } = replay.snapshot();
  // Processes of the same name and the levels of one stack share a line. The ledger bounds how many there can be.
  const counts = new Map<string, number>();
  for (const row of splitCauses) {
    const stack = framesOf(row, inert).join(";");
    counts.set(stack, (counts.get(stack) ?? 0) + row.count);
  }
  for (const [stack, count] of counts) yield `${stack} ${count}\n`;
  // Below zero when a counted split was taken back; a flame has no negative width.
  const unattributed = evidence.unattributedSplits ?? 0;
  if (unattributed > 0) yield `unattributed ${unattributed}\n`;
}

function framesOf({ cause, comm, pid, stack }: SplitCauseView, inert: Inert): string[] {
  // The ledger puts the oldest of too many processes together under no process.
  const name = comm === "" ? (pid === 0 ? "[many_processes]" : `[pid_${pid}]`) : frame(comm, inert);
  return [cause, name, ...stack.map((function_) => frame(function_, inert)).reverse()];
}

/** A semicolon would begin another frame, a space the count, a line break another stack. */
function frame(name: string, inert: Inert): string {
  const text = inert.text(name).replaceAll(";", ":").replace(/\s/g, "_");
  return text === "" ? "[unknown]" : text;
}
