/** `secretscope report`: a recording on one page. */
import { Command } from "commander";
import { CannotRun } from "../../collector/cannotRun.ts";
import type { Report } from "../../collector/publish/report/report.ts";
import { type ExitStatus, exitStatus } from "../exit-status.ts";
import { directMapChangeLines, splitShareLines } from "../sections/direct-map-change.ts";
import { evidenceLines } from "../sections/evidence.ts";
import { holderChangeLines } from "../sections/holder-change.ts";
import { killLines } from "../sections/kill-report.ts";
import { pageSpreadLines } from "../sections/page-spread.ts";
import { refusalLines } from "../sections/refusals.ts";
import { stopRequested } from "../stop.ts";
import type { Terminal } from "../terminal.ts";
import { labelled, type Screen } from "../text/block.ts";
import { counted, formatCount } from "../text/counts.ts";
import { formatDuration } from "../text/durations.ts";
import { safeJson, safeText } from "../text/safe.ts";
import { formatTime } from "../text/times.ts";
import { exitHelp, jsonOption } from "./options.ts";

export interface ReportValues {
  readonly file: string;
  readonly json?: boolean;
}

/** Gaps and damaged parts that are named one by one. */
const named = 3;

const help = `
Examples:
  secretscope report incident.arrows                      a page for the ticket
  secretscope report incident.arrows --json | jq .splits  data, one object
  secretscope replay incident.arrows --at 03:12           one moment of it

Figures are those of the recording's period: what the kernel counted at its end
less what it had counted at its beginning. Splits with a cause and splits
without one add up to what the kernel counted.

Columns:
  BEGIN   resident secret memory at the first look at /proc
  PEAK    the most of it at any sample, and when
  END     at the last sample; 0 B when it held none any more
${exitHelp([
  [0, "all of it was read"],
  [1, "the end is missing, or part of it is damaged"],
  [2, "wrong usage, or it cannot be read"],
])}`;

export function reportCommand(run: (values: ReportValues) => Promise<void>): Command {
  return new Command("report")
    .description("a recording on one page: what changed, who did it, and how sure that is")
    .argument("<file>", "made by secretscope record")
    .addOption(jsonOption())
    .addHelpText("after", help)
    .action((file: string, values: Omit<ReportValues, "file">) => run({ ...values, file }));
}

export function reportText(report: Report, screen: Screen): string {
  const { host, period } = report;
  const time = (iso: string | null) => (iso === null ? "?" : formatTime(iso));
  const length = `${formatDuration(period.durationMs)}, ${counted(period.samples, "sample")}`;
  const blocks = [
    [
      ...labelled("period", `${time(period.from)} to ${time(period.to)} (${length})`, screen),
      ...labelled(
        "host",
        `${host.name || "?"}, kernel ${host.kernel || "?"}${host.redacted ? ", names redacted" : ""}`,
        screen,
      ),
      ...trustLines(report, screen),
    ],
    [...directMapChangeLines(report, screen), ...splitShareLines(report.splits, screen)],
    holderChangeLines(report.secret, screen),
    refusalLines(report.refusals, report.host, screen),
    killLines(report.oom, screen),
    pageSpreadLines(report.pages, screen),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

/** How sure the rest of the page is. */
function trustLines({ evidence, recording: { end, damage } }: Report, screen: Screen): string[] {
  const { lost, restarts, gaps } = evidence;
  const time = (iso: string | null) => (iso === null ? "?" : formatTime(iso));
  const state = [
    end === "cut" ? "cut off, its end is missing" : "whole",
    damage.length === 0 ? "nothing damaged" : `${counted(damage.length, "part")} cannot be read`,
  ];
  const parts = [
    ...gaps.map(({ from, to, reason }) => `nothing seen from ${time(from)} to ${time(to)}: ${reason}`),
    ...damage.map(({ from, to, reason }) => `damaged from ${time(from)} to ${time(to)}: ${reason}`),
  ];
  const rest = parts.length - 2 * named;
  return [
    ...evidenceLines(evidence, screen),
    ...labelled(
      "",
      `in the period: ${counted(lost, "line")} lost, ${counted(restarts, "restart")} of the probes, ${counted(gaps.length, "gap")}`,
      screen,
    ),
    ...labelled("recording", state.join(", "), screen, end === "cut" || damage.length > 0 ? "warning" : undefined),
    ...parts.slice(0, 2 * named).flatMap((part) => labelled("", part, screen, "warning")),
    ...(rest > 0 ? labelled("", `and ${formatCount(rest)} more: --json`, screen, "quiet") : []),
  ];
}

export async function report({ file, json }: ReportValues, terminal: Terminal): Promise<ExitStatus> {
  const stop = stopRequested();
  const { TraceFile } = await import("../../collector/trace/traceFile.ts");
  const { reportOf } = await import("../../collector/publish/report/fromTrace.ts");
  const trace = new TraceFile(file);
  try {
    if (trace.note !== null) terminal.note(`secretscope: ${safeText(trace.note)}`);
    if (trace.batches.length === 0) throw new CannotRun(`${file} holds no samples yet`, "record for longer");
    const data = await reportOf(trace, stop);
    if (data === undefined) throw new CannotRun("stopped before the end of the recording", "run it again");
    await terminal.out.print(json ? `${safeJson(data)}\n` : reportText(data, terminal.screen()));
    return data.recording.end === "cut" || data.recording.damage.length > 0 ? exitStatus.finding : exitStatus.fine;
  } finally {
    trace.close();
  }
}
