/** Who split the direct map: one row for a cause, a process and a level, with its stacks below where asked for. */
import type { SplitCauseView } from "../../collector/snapshot.ts";
import { indented, type Screen } from "../text/block.ts";
import { formatCount } from "../text/counts.ts";
import { type Row, table } from "../text/table.ts";
import { formatAgo } from "../text/times.ts";

interface Options {
  /** The snapshot's own time, ISO 8601: ages are seen from there. */
  readonly now: string;
  readonly stacks: boolean;
  /** How many rows at most; the rest is counted in one line. */
  readonly limit: number;
}

export function splitCauseLines(causes: readonly SplitCauseView[], options: Options, screen: Screen): string[] {
  // Without stacks, rows that differ in nothing else would look like the same row twice.
  const rows = [...(options.stacks ? causes : merged(causes))].sort((a, b) => b.count - a.count);
  if (rows.length === 0) return [];
  const shown = rows.slice(0, options.limit);
  const lines = table(
    [
      { heading: "COUNT", align: "right" },
      { heading: "MAPPING" },
      { heading: "CAUSE" },
      { heading: "PROCESS", shrinkTo: 12 },
      { heading: "LAST" },
    ],
    shown.map((cause) => row(cause, options, screen)),
    screen,
  );
  const rest = rows.length - shown.length;
  return rest === 0 ? lines : [...lines, ...indented(`and ${formatCount(rest)} more`, 2, screen, "quiet")];
}

function row(cause: SplitCauseView, { now, stacks }: Options, screen: Screen): Row {
  return {
    cells: [
      formatCount(cause.count),
      cause.level?.toUpperCase() ?? "?",
      cause.own ? { text: `${cause.cause} (own)`, tone: "quiet" } : cause.cause,
      `${cause.comm} [${cause.pid}]`,
      formatAgo(cause.last, now),
    ],
    below: stacks && cause.stack.length > 0 ? indented(cause.stack.join(" < "), 8, screen, "quiet") : [],
  };
}

function merged(causes: readonly SplitCauseView[]): SplitCauseView[] {
  const found = new Map<string, SplitCauseView>();
  for (const cause of causes) {
    const key = JSON.stringify([cause.cause, cause.pid, cause.comm, cause.level, cause.own]);
    const before = found.get(key);
    found.set(key, {
      ...cause,
      stack: [],
      count: cause.count + (before?.count ?? 0),
      last: before !== undefined && before.last > cause.last ? before.last : cause.last,
    });
  }
  return [...found.values()];
}
