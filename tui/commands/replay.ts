/** `secretscope replay`: a recording as text or data, sample by sample, through the same ledger as live. */
import { Command, InvalidArgumentError, Option } from "commander";
import { CannotRun } from "../../collector/cannotRun.ts";
import type { Snapshot } from "../../collector/snapshot.ts";
import type { ReplayObservation, Speed } from "../../collector/sources/trace-file/observation.ts";
import { canDraw } from "../dashboard/look.ts";
import type { ExitStatus } from "../exit-status.ts";
import { UsageError } from "../failure.ts";
import { showProgress } from "../progress-line.ts";
import { stopRequested, until } from "../stop.ts";
import type { Terminal } from "../terminal.ts";
import { formatShare } from "../text/counts.ts";
import { parseDuration } from "../text/durations.ts";
import { safeJson, safeText } from "../text/safe.ts";
import { tellDamage } from "./damage.ts";
import { exitHelp, jsonOption } from "./options.ts";
import { readRulesOrTell, rulesOption, tellRulesUnused } from "./rules.ts";
import { watchBlock } from "./watch.ts";

export interface ReplayValues {
  readonly file: string;
  readonly json?: boolean;
  readonly at?: string;
  readonly speed?: Speed;
  /** A file of alert rules, default or none. */
  readonly rules?: string;
}

const speedSaid = "0.1 to 1000 times, or most";

const help = `
Examples:
  secretscope replay incident.arrows                   the dashboard on it
  secretscope replay incident.arrows | less            every sample as text
  secretscope replay incident.arrows --speed 1         as fast as it happened
  secretscope replay incident.arrows --at 03:12        the state at that moment
  secretscope replay incident.arrows --json | jq .oom  data, one object a sample
  secretscope replay incident.arrows --rules my.yaml   with your own alerts

In a terminal it opens the dashboard; ? shows the keys. With --json, --at or
--speed most, and in a pipe, it prints.

--at takes a time of the day (local; of several days the first), a date and time
(2026-11-21T03:12:30, with Z or an offset for another zone), or +5m from the
beginning. It shows the last sample up to then.

Figures are those that were shown live. What of the file cannot be read is named
with its time, and shown as a gap. Users are numbers in a recording: they have
names where it is played on the machine, and in the boot, that it was made in.
${exitHelp([
  [0, "all of it was read"],
  [1, "the end is missing, or part of it is damaged"],
  [2, "wrong usage, or it cannot be read"],
])}`;

export function replayCommand(run: (values: ReplayValues) => Promise<void>): Command {
  const command = new Command("replay")
    .description("play a recording: what watch showed, or the state at one moment")
    .argument("<file>", "made by secretscope record");
  return addReplayOptions(command)
    .addHelpText("after", help)
    .action((file: string, values: Omit<ReplayValues, "file">) => run({ ...values, file }));
}

export function addReplayOptions(command: Command): Command {
  return command
    .addOption(jsonOption())
    .addOption(new Option("--at <time>", "print the state at one moment, and exit"))
    .addOption(
      // No default value: "most" that was asked for means text, where nothing asked for means the dashboard.
      new Option("--speed <factor>", `how fast, ${speedSaid} (text: most, dashboard: 1)`)
        .argParser(parseSpeed)
        .conflicts("at"),
    )
    .addOption(rulesOption().conflicts(["at", "json"]));
}

function parseSpeed(text: string): Speed {
  if (text === "most") return text;
  const factor = /^\d{1,4}(\.\d{1,2})?$/.test(text) ? Number(text) : 0;
  if (factor < 0.1 || factor > 1000) throw new InvalidArgumentError(`Allowed: ${speedSaid}.`);
  return factor;
}

export async function replay(values: ReplayValues, terminal: Terminal): Promise<ExitStatus> {
  const stop = stopRequested();
  const rules = await readRulesOrTell(values.rules, terminal);
  const { openTrace } = await import("../../collector/sources/trace-file/observation.ts");
  const trace = openTrace(values.file);
  try {
    if (trace.file.note !== null) terminal.note(`secretscope: ${safeText(trace.file.note)}`);
    if (trace.file.batches.length === 0)
      throw new CannotRun(`${values.file} holds no samples yet`, "record for longer");
    if (opensScreen(values)) {
      const { replayScreen } = await import("../dashboard/replayScreen.ts");
      await replayScreen(trace, { speed: values.speed ?? 1, rules }, terminal, stop);
      return tellDamage(trace.file, terminal);
    }
    if (values.rules !== undefined) tellRulesUnused(terminal);
    if (values.at !== undefined) await printMoment(trace, values.at, values.json === true, { terminal, stop });
    else await printAll(trace, values, terminal, stop);
    return tellDamage(trace.file, terminal);
  } finally {
    await trace.close();
  }
}

/** Under the conditions under which `secretscope` alone opens the dashboard, and nothing asks for text. */
export const opensScreen = ({ json, at, speed }: Omit<ReplayValues, "file">) =>
  json !== true && at === undefined && speed !== "most" && canDraw(process.stdin, process.stdout, process.env);

/** How often progress is said, ms: most ways take less than a second. */
const turn = 100;

async function printMoment(
  trace: ReplayObservation,
  at: string,
  json: boolean,
  { terminal, stop }: { readonly terminal: Terminal; readonly stop: AbortSignal },
): Promise<void> {
  const { momentIn } = await import("../../collector/sources/trace-file/moment.ts");
  const time = momentIn(trace.file, at, parseDuration);
  if (time === undefined)
    throw new UsageError(`--at "${at}" is no time, like 03:12 or +5m; secretscope replay --help tells more`);
  const killsAtStart = trace.snapshot().oom.kills;
  const way = trace.seek(time);
  const far = () => `${formatShare(trace.jump?.done ?? 1, 1)} of the way to ${safeText(at)} (Ctrl-C gives up)`;
  // A short way is over by now.
  const progress = trace.jump === undefined ? undefined : showProgress(terminal, far, turn);
  try {
    await Promise.race([way, until([stop])]);
  } finally {
    progress?.stop();
  }
  if (stop.aborted) throw new CannotRun("stopped on the way to that moment", "run it again");
  const snapshot = trace.snapshot();
  if (time < trace.range.from) terminal.note(`secretscope: ${at} is before the recording; this is its first sample`);
  if (time > trace.range.to) terminal.note(`secretscope: ${at} is after the recording; this is its last sample`);
  await terminal.out.print(
    json ? `${safeJson(snapshot)}\n` : watchBlock(snapshot, { killsAtStart, blind: undefined }, terminal.screen()),
  );
}

/** Waits for its reader: nothing is left out, and memory stays small. */
async function printAll(
  trace: ReplayObservation,
  { json, speed = "most" }: ReplayValues,
  terminal: Terminal,
  stop: AbortSignal,
): Promise<void> {
  const print = printer(json === true, terminal);
  await terminal.out.print(print(trace.snapshot()));
  let before = trace.time;
  while (!stop.aborted && !terminal.out.gone.aborted && trace.step()) {
    if (speed !== "most") await until([stop, terminal.out.gone], Number(trace.time - before) / 1e6 / speed);
    before = trace.time;
    await terminal.out.print(print(trace.snapshot()));
  }
}

function printer(json: boolean, terminal: Terminal): (snapshot: Snapshot) => string {
  if (json) return (snapshot) => `${safeJson(snapshot)}\n`;
  let before:
    | { readonly killsAtStart: number | null; readonly blind: Snapshot["evidence"]["blind"] | undefined }
    | undefined;
  return (snapshot) => {
    const block = watchBlock(
      snapshot,
      before ?? { killsAtStart: snapshot.oom.kills, blind: undefined },
      terminal.screen(),
    );
    const first = before === undefined;
    before = { killsAtStart: before?.killsAtStart ?? snapshot.oom.kills, blind: snapshot.evidence.blind };
    return first ? block : `\n${block}`;
  };
}
