/**
 * A table with a row for each sample: sizes in bytes, an empty cell where a figure is not known. Lines end with LF, which
 * every reader of RFC 4180 takes and with which awk and cut see no stray CR.
 */
import type { Snapshot } from "../../snapshot.ts";
import { TraceReplay } from "../../sources/trace-file/replay.ts";
import type { TraceFile } from "../../trace/traceFile.ts";
import type { Inert } from "./conversion.ts";
import { splitCauses, splitTotals } from "./splitTotals.ts";

type Cell = string | number | boolean | null | undefined;

const columns: readonly (readonly [name: string, cell: (snapshot: Snapshot) => Cell])[] = [
  ["time", ({ time }) => time],
  ["monotonic_ns", ({ monotonicNs }) => monotonicNs],
  ["direct_map_4k_bytes", ({ directMap }) => directMap.bytes["4k"]],
  ["direct_map_2m_bytes", ({ directMap }) => directMap.bytes["2m"]],
  ["direct_map_1g_bytes", ({ directMap }) => directMap.bytes["1g"]],
  ["splits_2m_since_boot", ({ directMap }) => directMap.splits["2m"]],
  ["splits_1g_since_boot", ({ directMap }) => directMap.splits["1g"]],
  ["collapses_2m_since_boot", ({ directMap }) => directMap.collapses["2m"]],
  ["collapses_1g_since_boot", ({ directMap }) => directMap.collapses["1g"]],
  ["splits_2m", ({ directMap }) => directMap.sinceStart.splits["2m"]],
  ["splits_1g", ({ directMap }) => directMap.sinceStart.splits["1g"]],
  ...splitCauses.map((cause) => [`splits_by_${cause}`, (snapshot: Snapshot) => splitTotals(snapshot)[cause]] as const),
  ["splits_unattributed", ({ evidence }) => evidence.unattributedSplits],
  ["secret_resident_bytes", ({ secret }) => secret.residentBytes],
  ["secret_unheld_bytes", ({ secret }) => secret.unheldBytes],
  ["secret_files", ({ secret }) => secret.files.length],
  ["holders", ({ secret }) => secret.holders.length],
  ["largest_holder_bytes", ({ secret }) => secret.holders[0]?.residentBytes],
  ["largest_holder_pid", ({ secret }) => secret.holders[0]?.pid],
  ["largest_holder_comm", ({ secret }) => secret.holders[0]?.comm],
  ["largest_holder_cgroup", ({ secret }) => secret.holders[0]?.cgroup],
  ["oom_kills_since_boot", ({ oom }) => oom.kills],
  ["hibernation_blocked", ({ hibernation }) => hibernation.blocked],
  ["complete", ({ evidence }) => evidence.complete],
  ["lost_lines", ({ evidence }) => evidence.lost],
];

export function* csv(file: TraceFile, inert: Inert): Generator<string, void, undefined> {
  yield line(columns.map(([name]) => name));
  const replay = new TraceReplay(file);
  while (replay.step()) {
    const snapshot = replay.snapshot();
    yield line(columns.map(([, cell]) => cellText(cell(snapshot), inert)));
  }
}

export const line = (cells: readonly string[]) => `${cells.join(",")}\n`;

export function cellText(cell: Cell, inert: Inert): string {
  if (cell === null || cell === undefined) return "";
  // A number is no text: a leading minus there is a sign.
  if (typeof cell !== "string") return String(cell);
  const text = inert.text(withoutFormula(cell));
  return /[",;\s']/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Where a spreadsheet would begin a formula: =, +, -, @ (and their full-width forms, which East Asian versions take),
 * tab, CR. Also after a separator, because a version that separates by semicolons begins another cell there.
 */
const formulaStart = /(^|[,;])(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r])/g;

/** With an apostrophe before it, which says: this is text. */
function withoutFormula(text: string): string {
  return text.replace(formulaStart, "$1'");
}
