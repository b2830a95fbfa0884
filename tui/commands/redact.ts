/** `secretscope redact`: a recording with pseudonyms in the place of names, to be given away. */
import { basename, join } from "node:path";
import { setImmediate as othersTurn } from "node:timers/promises";
import { Command } from "commander";
import { CannotRun } from "../../collector/cannotRun.ts";
import type { Redactor } from "../../collector/trace/redaction/redactor.ts";
import { type ExitStatus, exitStatus } from "../exit-status.ts";
import { UsageError } from "../failure.ts";
import { OutputFile } from "../output-file.ts";
import { stopRequested } from "../stop.ts";
import type { Terminal } from "../terminal.ts";
import { safeText } from "../text/safe.ts";
import { formatBytes } from "../text/sizes.ts";
import { version } from "../version.ts";
import { tellDamage } from "./damage.ts";
import { exitHelp } from "./options.ts";

export interface RedactValues {
  readonly files: readonly string[];
  readonly output?: string;
  readonly into?: string;
  readonly overwrite?: boolean;
}

const help = `
Examples:
  secretscope redact incident.arrows -o share.arrows
  secretscope redact night.*.arrows --into share   all files of one recording

Names of the machine, processes, cgroups and users become pseudonyms, and paths
are taken out of messages; root stays root. Process numbers, times, sizes,
kernel symbols and the kernel's release stay: figures are the same. Whoever can
read that machine's logs can still tell who a process number was.

A name has one pseudonym in all files of one call and another in the next call.
They are made with a random key that is kept nowhere: there is no way back.
docs/trace-format.md says what becomes of each column.

Of a recording that is cut or damaged the copy has what can be read, and is as
incomplete. A file of the copy is for its owner only.
${exitHelp([
  [0, "all of it was read"],
  [1, "the end is missing, or part of it is damaged"],
  [2, "wrong usage, stopped early, or it cannot be read or written"],
])}`;

export function redactCommand(run: (values: RedactValues) => Promise<void>): Command {
  return new Command("redact")
    .description("copy a recording with pseudonyms instead of names, to give away")
    .argument("<file...>", "made by secretscope record")
    .option("-o, --output <file>", "the copy of one file")
    .option("--into <folder>", "where copies of several files go, under their names")
    .option("--overwrite", "replace a copy that is there")
    .addHelpText("after", help)
    .action((files: string[], values: Omit<RedactValues, "files">) => run({ ...values, files }));
}

export async function redact(values: RedactValues, terminal: Terminal): Promise<ExitStatus> {
  const targets = targetsOf(values);
  const stop = stopRequested();
  const { Redactor } = await import("../../collector/trace/redaction/redactor.ts");
  const redactor = new Redactor();
  let status: ExitStatus = exitStatus.fine;
  for (const [source, target] of targets) {
    const one = await copy(source, target, values.overwrite === true, { redactor, terminal, stop });
    if (one !== exitStatus.fine) status = one;
  }
  return status;
}

function targetsOf({ files, output, into }: RedactValues): readonly (readonly [string, string])[] {
  const wrong = (what: string) => new UsageError(`${what}; secretscope redact --help tells more`);
  if ((output === undefined) === (into === undefined)) throw wrong("name the copy: either --output or --into");
  if (output !== undefined) {
    const [file, more] = files;
    if (file === undefined || more !== undefined) throw wrong("--output is for one file, --into for several");
    return [[file, output]];
  }
  const targets = files.map((file) => [file, join(into ?? "", basename(file))] as const);
  if (new Set(targets.map(([, target]) => target)).size < targets.length) throw wrong("two files have the same name");
  return targets;
}

interface Means {
  readonly redactor: Redactor;
  readonly terminal: Terminal;
  readonly stop: AbortSignal;
}

async function copy(
  source: string,
  target: string,
  overwrite: boolean,
  { redactor, terminal, stop }: Means,
): Promise<ExitStatus> {
  const { TraceFile } = await import("../../collector/trace/traceFile.ts");
  const { redactedCopy } = await import("../../collector/trace/redaction/rewrite.ts");
  const trace = new TraceFile(source);
  try {
    if (trace.note !== null) terminal.note(`secretscope: ${safeText(trace.note)}`);
    const output = await OutputFile.create(target, { overwrite, source });
    try {
      for (const bytes of redactedCopy(trace, redactor, `secretscope ${version()}`)) {
        await output.write(bytes);
        await othersTurn();
        if (stop.aborted) throw new CannotRun("it was stopped before its end", "let it run to the end");
      }
      await output.finish();
    } catch (error) {
      await output.discard();
      throw error;
    }
    terminal.note(`secretscope: redacted to ${safeText(target)}: ${formatBytes(output.bytes)}`);
    return tellDamage(trace, terminal);
  } finally {
    trace.close();
  }
}
