/** `secretscope export`: a recording in a format that other tools read. */
import { setImmediate as othersTurn } from "node:timers/promises";
import { Command, Option } from "commander";
import { CannotRun } from "../../collector/cannotRun.ts";
import type { FormatName } from "../../collector/publish/export/formats.ts";
import type { TraceFile } from "../../collector/trace/traceFile.ts";
import type { ExitStatus } from "../exit-status.ts";
import { UsageError } from "../failure.ts";
import { OutputFile } from "../output-file.ts";
import { stopRequested } from "../stop.ts";
import type { Terminal } from "../terminal.ts";
import { safeJson, safeText } from "../text/safe.ts";
import { formatBytes } from "../text/sizes.ts";
import { tellDamage } from "./damage.ts";
import { exitHelp } from "./options.ts";

export interface ExportValues {
  readonly file: string;
  readonly to: FormatName;
  readonly output?: string;
  readonly overwrite?: boolean;
}

/** Named here and not asked of the collector, which --help must not load. */
const formatNames: readonly FormatName[] = ["jsonl", "csv", "pages", "perfetto", "folded"];

const help = `
Formats:
  jsonl     every event, one JSON object a line; times in ns, as strings.
            "state": true marks what a checkpoint repeats: it is no news
  csv       a row a sample: direct map, splits by cause, secret memory;
            sizes in bytes, an empty cell where a figure is not known
  pages     CSV with a row for every page of a recording made with
            --detail page: its time, process, file and 2M block
  perfetto  Perfetto's own binary format, for https://ui.perfetto.dev and
            trace_processor: counters over time, OOM kills, and where figures
            cannot be trusted; the 30 largest holders have a track each
  folded    stacks that split the direct map, from the beginning to the end,
            for flamegraph.pl, inferno or speedscope

Examples:
  secretscope export incident.arrows --to csv -o incident.csv
  secretscope export incident.arrows --to perfetto -o incident.pftrace
  secretscope export incident.arrows --to folded | flamegraph.pl > splits.svg
  secretscope export incident.arrows --to jsonl | jq 'select(.kind=="oomKill")'

Of a recording made with --detail page, csv, perfetto and folded leave out the
single pages, and say so.

Names of processes are hostile text: control characters are made visible, cells
that a spreadsheet would take for formulas begin with an apostrophe. A file made
with -o is for its owner only; of an export that is stopped nothing is left.

What of the recording cannot be read is named with its time.
${exitHelp([
  [0, "all of it was read"],
  [1, "the end is missing, or part of it is damaged"],
  [2, "wrong usage, stopped early, or it cannot be read or written"],
])}`;

export function exportCommand(run: (values: ExportValues) => Promise<void>): Command {
  return new Command("export")
    .description("turn a recording into JSON lines, CSV, a Perfetto trace or flame graph stacks")
    .argument("<file>", "made by secretscope record")
    .addOption(new Option("--to <format>", "what to make of it").choices(formatNames).makeOptionMandatory())
    .option("-o, --output <file>", "the file to make (default: standard output)")
    .option("--overwrite", "replace the file if it is there")
    .addHelpText("after", help)
    .action((file: string, values: Omit<ExportValues, "file">) => run({ ...values, file }));
}

export async function exportRecording(values: ExportValues, terminal: Terminal): Promise<ExitStatus> {
  if (values.overwrite && values.output === undefined) {
    throw new UsageError("--overwrite needs --output; secretscope export --help tells more");
  }
  if (values.to === "perfetto" && values.output === undefined && terminal.outIsTerminal) {
    throw new UsageError("perfetto is no text for a terminal: name a file with --output, or send it into a pipe");
  }
  const stop = stopRequested();
  const { TraceFile } = await import("../../collector/trace/traceFile.ts");
  const trace = new TraceFile(values.file);
  try {
    if (trace.note !== null) terminal.note(`secretscope: ${safeText(trace.note)}`);
    if (trace.batches.length === 0) throw new CannotRun(`${values.file} holds no samples yet`, "record for longer");
    if (values.output === undefined) {
      await convert(trace, values.to, (data) => terminal.out.print(data), { stop, gone: terminal.out.gone });
    } else {
      await convertToFile(trace, values.output, values, terminal, stop);
    }
    tellPages(trace, values, terminal);
    return tellDamage(trace, terminal);
  } finally {
    trace.close();
  }
}

const withPages: ReadonlySet<FormatName> = new Set(["jsonl", "pages"]);

/** What a person may look for in vain. */
function tellPages({ hasPages }: TraceFile, { to, file }: ExportValues, terminal: Terminal): void {
  if (hasPages && !withPages.has(to)) {
    terminal.note(`secretscope: ${to} leaves out single pages; --to pages or --to jsonl has them`);
  } else if (!hasPages && to === "pages") {
    terminal.note(`secretscope: no single pages are in ${safeText(file)}: record --detail page writes them`);
  }
}

async function convertToFile(
  trace: TraceFile,
  path: string,
  { to, overwrite = false, file: source }: ExportValues,
  terminal: Terminal,
  stop: AbortSignal,
): Promise<void> {
  const output = await OutputFile.create(path, { overwrite, source });
  try {
    await convert(trace, to, (data) => output.write(data), { stop });
    await output.finish();
  } catch (error) {
    await output.discard();
    throw error;
  }
  terminal.note(`secretscope: exported to ${safeText(path)}: ${formatBytes(output.bytes)}`);
}

/** Written at once, in bytes. */
const mostAtOnce = 1 << 16;
/** Converting holds up everything else, a signal too, for no longer than this, ms. */
const longestTurn = 50;

/** Piece by piece, each after its reader took the one before: memory stays small. */
async function convert(
  trace: TraceFile,
  to: FormatName,
  write: (data: Uint8Array) => Promise<void>,
  { stop, gone }: { readonly stop: AbortSignal; readonly gone?: AbortSignal },
): Promise<void> {
  const { formats } = await import("../../collector/publish/export/formats.ts");
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  let began = performance.now();
  for (const piece of formats[to](trace, { text: safeText, json: safeJson })) {
    const data = typeof piece === "string" ? Buffer.from(piece) : piece;
    pieces.push(data);
    bytes += data.length;
    if (bytes < mostAtOnce && performance.now() - began < longestTurn) continue;
    await unlessStopped(write(Buffer.concat(pieces)), stop);
    if (gone?.aborted) return;
    pieces = [];
    bytes = 0;
    await othersTurn();
    began = performance.now();
  }
  await unlessStopped(write(Buffer.concat(pieces)), stop);
}

/** A reader that takes nothing must not keep Ctrl-C waiting. @throws CannotRun when asked to stop: what is there is half */
async function unlessStopped(written: Promise<void>, stop: AbortSignal): Promise<void> {
  const early = new CannotRun("the export was stopped before its end", "let it run to the end");
  if (stop.aborted) throw early;
  let stopped = () => {};
  const asked = new Promise<void>((resolve) => {
    stopped = resolve;
    stop.addEventListener("abort", stopped, { once: true });
  });
  await Promise.race([written, asked]).finally(() => stop.removeEventListener("abort", stopped));
  if (stop.aborted) throw early;
}
