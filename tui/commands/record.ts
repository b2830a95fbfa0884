/** `secretscope record`: writes what happens into a file, without a screen, until it is stopped. */
import { Command, InvalidArgumentError, Option } from "commander";
import type { Detail } from "../../collector/observation.ts";
import type { Recorder, RecordingState } from "../../collector/trace/recorder.ts";
import { type ExitStatus, exitStatus } from "../exit-status.ts";
import { UsageError } from "../failure.ts";
import { showProgress } from "../progress-line.ts";
import { stopRequested, until } from "../stop.ts";
import type { Terminal } from "../terminal.ts";
import { formatCount } from "../text/counts.ts";
import { formatDuration } from "../text/durations.ts";
import { safeText } from "../text/safe.ts";
import { formatBytes } from "../text/sizes.ts";
import { version } from "../version.ts";
import {
  addRouteOptions,
  duration,
  exitHelp,
  intervalOption,
  observationOptions,
  type RouteValues,
} from "./options.ts";

export interface RecordValues extends RouteValues {
  readonly output: string;
  readonly overwrite?: boolean;
  readonly interval: number;
  /** ms */
  readonly for?: number;
  /** bytes */
  readonly maxSize?: number;
  readonly keep?: number;
  readonly redact?: boolean;
  readonly detail: Detail;
}

const recordingLimits = { leastMs: 100, mostMs: 365 * 86_400_000, said: "100ms to 365d" } as const;

const help = `
Examples:
  secretscope record -o incident.arrows            until Ctrl-C
  secretscope record -o night.arrows --for 12h     then replay night.arrows
  secretscope record -o t.arrows --interval 5s     fewer samples, smaller file
  secretscope record -o t.arrows --max-size 100M --keep 10
                                                   t.0001.arrows and so on; each
                                                   file can be replayed alone
  secretscope record -o share.arrows --redact      to give away: pseudonyms for
                                                   names, see below
  secretscope record -o study.arrows --detail page --for 1m
                                                   where in memory every page is
                                                   taken from, see below

The file is a standard Arrow IPC stream (polars, DuckDB, pandas, pyarrow open
it) that only its owner may read. It holds events and counters, names of
processes and cgroups, kernel symbols; no kernel address, no secret byte.

--redact puts pseudonyms in the place of the names of the machine, processes,
cgroups and users (root stays), and takes paths out of messages. A name has one
pseudonym in all files of a recording and another in the next recording. Process
numbers, times, sizes and the kernel's release stay, so figures are the same.
secretscope redact does it to a recording that exists.

--detail page writes a row for every page that is taken out of the direct map
or given back, with process, file and 2M block, to study how it is fragmented.
A fault takes about a quarter longer then; each page costs bpftrace and
secretscope some 6 us of CPU, and about 4 bytes in the file. Counters stay
exact; what comes too fast to be told is counted as lost. secretscope report
says how the pages spread, export --to pages lists them.

What happened is in the file within a second, what is routine within a minute;
kill -9 loses no more than that. Ctrl-C (or SIGTERM) reads once more and ends
the file; a second one ends it at once (status 130 or 143).
${exitHelp([
  [0, "recorded until stopped"],
  [2, "wrong usage, cannot run, or the disk refused; what was written is kept"],
])}`;

export function recordCommand(run: (values: RecordValues) => Promise<void>): Command {
  const command = new Command("record")
    .description("record what happens into a file, to be replayed anywhere")
    .requiredOption("-o, --output <file>", "the file to make; it must not be there yet")
    .option("--overwrite", "replace the file if it is there")
    .addOption(intervalOption("read"));
  return addRouteOptions(command)
    .option("--for <time>", `stop after this time, ${recordingLimits.said}`, duration(recordingLimits))
    .option("--max-size <size>", "begin another, numbered file beyond this, 1M to 1T", size)
    .option("--keep <files>", "with --max-size: keep only the newest files, 2 to 9999", count)
    .addOption(
      new Option("--detail <detail>", "interval: counters; page: also every page, with its 2M block")
        .choices(["interval", "page"] satisfies Detail[])
        .default("interval"),
    )
    .option("--redact", "write pseudonyms instead of names")
    .addHelpText("after", help)
    .action(run);
}

const units = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 } as const;

/** 100M, 1.5GiB: bytes, in powers of 1024. */
function size(text: string): number {
  const [, number, unit] = /^(\d{1,6}(?:\.\d{1,2})?)([KMGT])(?:iB|B)?$/.exec(text) ?? [];
  const value = Math.round(Number(number) * units[(unit ?? "K") as keyof typeof units]);
  if (!(value >= units.M && value <= units.T)) {
    throw new InvalidArgumentError("Allowed: 1M to 1T, written like 100M or 1.5G.");
  }
  return value;
}

function count(text: string): number {
  const value = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (value < 2) throw new InvalidArgumentError("Allowed: 2 to 9999.");
  return value;
}

function progressLine({ path, bytes, events, lost }: RecordingState, elapsedMs: number): string {
  const said = [
    formatDuration(elapsedMs),
    formatBytes(bytes),
    `${formatCount(events)} events`,
    `${formatCount(lost)} lost`,
  ];
  return `recording ${safeText(path)}: ${said.join(", ")} (Ctrl-C ends it)`;
}

export async function record(values: RecordValues, terminal: Terminal): Promise<ExitStatus> {
  if (values.keep !== undefined && values.maxSize === undefined) {
    throw new UsageError("--keep needs --max-size; secretscope record --help tells more");
  }
  const stop = stopRequested();
  if (terminal.progress) terminal.note("secretscope: reading the kernel and attaching probes");
  const { openRecording } = await import("../../collector/trace/recordLive.ts");
  const ended = new AbortController();
  const recording = await openRecording(
    { ...observationOptions(values, values.interval), detail: values.detail },
    {
      path: values.output,
      overwrite: values.overwrite === true,
      redact: values.redact === true,
      tool: `secretscope ${version()}`,
      ...(values.maxSize === undefined ? {} : { maxBytes: values.maxSize }),
      ...(values.keep === undefined ? {} : { keep: values.keep }),
      onFailure: () => ended.abort(),
    },
  );
  const { recorder, observation } = recording;
  const began = performance.now();
  const elapsedMs = () => performance.now() - began;
  let lasted = 0;
  const progress = showProgress(terminal, () => progressLine(recorder.state, elapsedMs()));
  try {
    observation.onNotice((notice) => {
      progress?.wipe();
      terminal.note(`secretscope: ${safeText(notice)}`);
    });
    if (recorder.failure === undefined) await until([stop, ended.signal], values.for);
  } finally {
    progress?.stop();
    lasted = elapsedMs();
    await recording.close();
  }
  tellRecorded(recorder, terminal, lasted);
  return exitStatus.fine;
}

/** What became of a recording that is closed. @throws CannotRun why it ended before its time */
export function tellRecorded(recorder: Recorder, terminal: Terminal, lastedMs?: number): void {
  if (recorder.failure !== undefined) throw recorder.failure;
  const { path, bytes, events, lost } = recorder.state;
  const time = lastedMs === undefined ? "" : ` ${formatDuration(lastedMs)}`;
  terminal.note(
    `secretscope: recorded${time} to ${safeText(path)}: ${formatBytes(bytes)}, ${formatCount(events)} events, ${formatCount(lost)} lost`,
  );
}
