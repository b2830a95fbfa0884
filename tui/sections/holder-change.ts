/** Who held secret memory during a recording: the largest, and those that hold more at its end. */
import type { HolderChange, SecretChange } from "../../collector/publish/report/report.ts";
import { indented, labelled, type Screen } from "../text/block.ts";
import { counted, formatCount } from "../text/counts.ts";
import { formatBytes } from "../text/sizes.ts";
import { table } from "../text/table.ts";
import { formatTime } from "../text/times.ts";

const shown = 5;

export function holderChangeLines(secret: SecretChange, screen: Screen): string[] {
  const { beginBytes, endBytes, peakBytes, peakTime, holders, byPeak, byGrowth } = secret;
  const peak =
    peakBytes === null
      ? "peak not known"
      : `peak ${formatBytes(peakBytes)}${peakTime === null ? "" : ` at ${formatTime(peakTime)}`}`;
  const sizes = `${formatBytes(beginBytes)} at the beginning, ${peak}, ${formatBytes(endBytes)} at the end`;
  return [
    ...labelled("secret memory", sizes, screen),
    ...labelled(
      "holders",
      holders === 0 ? "none was seen" : `${counted(holders, "process", "processes")} seen`,
      screen,
    ),
    ...ranked("the largest, by peak:", byPeak, holders, screen),
    ...(holders > 0 && byGrowth.length === 0
      ? labelled("", "none is known to hold more at the end than at the beginning", screen)
      : ranked("hold more at the end than at the beginning, by growth:", byGrowth, byGrowth.length, screen)),
  ];
}

function ranked(title: string, rows: readonly HolderChange[], all: number, screen: Screen): string[] {
  if (rows.length === 0) return [];
  const rest = all - Math.min(shown, rows.length);
  return [
    ...labelled("", title, screen),
    ...table(
      [
        { heading: "PID", align: "right" },
        { heading: "COMMAND", shrinkTo: 7 },
        { heading: "BEGIN", align: "right" },
        { heading: "PEAK", align: "right" },
        { heading: "AT", shrinkTo: 5 },
        { heading: "END", align: "right" },
        { heading: "GROWTH", align: "right" },
      ],
      rows.slice(0, shown).map(({ pid, comm, beginBytes, peakBytes, peakTime, endBytes, growthBytes }) => ({
        cells: [
          String(pid),
          comm,
          formatBytes(beginBytes),
          formatBytes(peakBytes),
          peakTime === null ? "?" : formatTime(peakTime),
          formatBytes(endBytes),
          signed(growthBytes),
        ],
      })),
      screen,
    ),
    ...(rest > 0 ? indented(`and ${formatCount(rest)} more`, 2, screen, "quiet") : []),
  ];
}

function signed(bytes: number | null): string {
  if (bytes === null || bytes === 0) return formatBytes(bytes);
  return `${bytes > 0 ? "+" : "-"}${formatBytes(Math.abs(bytes))}`;
}
