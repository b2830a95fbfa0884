/** `secretscope watch`: the direct map, who splits it, who holds secret memory, every interval. */
import { Command } from "commander";
import type { Blind } from "../../collector/events.ts";
import type { Observation } from "../../collector/observation.ts";
import type { Snapshot } from "../../collector/snapshot.ts";
import type { Recorder } from "../../collector/trace/recorder.ts";
import { type ExitStatus, exitStatus } from "../exit-status.ts";
import { UsageError } from "../failure.ts";
import { directMapLines } from "../sections/direct-map.ts";
import { blindLines, evidenceLines } from "../sections/evidence.ts";
import { hibernationState } from "../sections/hibernation.ts";
import { holderLines, secretMemoryLines } from "../sections/holders.ts";
import { limitFindings } from "../sections/limits.ts";
import { oomLines } from "../sections/oom.ts";
import { refusedLines } from "../sections/refusals.ts";
import { splitCauseLines } from "../sections/split-causes.ts";
import { stopRequested, until } from "../stop.ts";
import type { Terminal } from "../terminal.ts";
import { labelled, type Screen } from "../text/block.ts";
import { safeJson, safeText } from "../text/safe.ts";
import { formatTime } from "../text/times.ts";
import { truncate } from "../text/width.ts";
import { version } from "../version.ts";
import {
  addRouteOptions,
  duration,
  exitHelp,
  intervalOption,
  jsonOption,
  lengthLimits,
  observationOptions,
  type RouteValues,
} from "./options.ts";
import { tellRecorded } from "./record.ts";

export interface WatchValues extends RouteValues {
  readonly once?: boolean;
  readonly interval: number;
  readonly json?: boolean;
  /** ms */
  readonly for?: number;
  /** File to record into meanwhile. */
  readonly record?: string;
  /** There, pseudonyms instead of names. */
  readonly redact?: boolean;
}

/** Rows of each table: a block should fit a screen. */
const shownHolders = 10;
const shownCauses = 5;
const shownKills = 3;

const help = `
Examples:
  secretscope watch --once               one look, then exit
  secretscope watch --interval 5s        a block every 5 seconds
  secretscope watch --json | jq .secret  data, one object a line
  secretscope watch --route procfs       no BPF: totals only
  secretscope watch --record t.arrows    and record, for secretscope replay

Needs root and bpftrace for exact figures; without them it shows what /proc
shows and names the rest. Ctrl-C (or SIGTERM) stops the probes and prints the
last snapshot; a second one ends it at once (status 130 or 143).
${exitHelp([
  [0, "watched until stopped, or until the reader of the pipe left"],
  [2, "wrong usage, cannot run, or --record could not go on to the end"],
])}`;

export function watchCommand(run: (values: WatchValues) => Promise<void>): Command {
  const command = new Command("watch")
    .description("watch the direct map, who splits it, and who holds secret memory")
    .option("--once", "print one block after the first complete reading, and exit")
    .addOption(intervalOption())
    .addOption(jsonOption());
  return addRouteOptions(command)
    .option("--for <time>", `stop after this time, ${lengthLimits.said}`, duration(lengthLimits))
    .option("--record <file>", "record into a new file meanwhile, see secretscope record --help")
    .option("--redact", "with --record: write pseudonyms instead of names")
    .addHelpText("after", help)
    .action(run);
}

/** What does not change between two blocks need not be printed twice. */
interface Before {
  /** The kernel's count of OOM kills in the first snapshot. */
  readonly killsAtStart: number | null;
  readonly blind: readonly Blind[] | undefined;
}

export function watchBlock(snapshot: Snapshot, before: Before, screen: Screen): string {
  const { host, evidence, directMap, secret, oom } = snapshot;
  const redacted = host.redacted ? "  names redacted" : "";
  const title = `${formatTime(snapshot.time)}  ${safeText(host.name)}  kernel ${safeText(host.kernel)}${redacted}`;
  const lines = [
    screen.paint("heading", truncate(title, screen.columns)),
    ...directMapLines(directMap, screen),
    ...splitCauseLines(snapshot.splitCauses, { now: snapshot.time, stacks: false, limit: shownCauses }, screen),
    ...secretMemoryLines(secret, screen),
    ...holderLines(snapshot, secret.holders, shownHolders, screen),
    ...limitFindings(snapshot).flatMap((finding) => labelled("finding", finding, screen, "warning")),
    ...refusedLines(snapshot, screen),
    // A machine without secret memory need not read about hibernation every second.
    ...(snapshot.hibernation.blocked ? labelled("hibernation", hibernationState(snapshot), screen) : []),
    ...oomLines(oom, before.killsAtStart, shownKills, screen),
    ...evidenceLines(evidence, screen),
    ...(sameBlind(evidence.blind, before.blind) ? [] : blindLines(evidence.blind, screen)),
  ];
  return `${lines.join("\n")}\n`;
}

function sameBlind(now: readonly Blind[], before: readonly Blind[] | undefined): boolean {
  return before !== undefined && JSON.stringify(now) === JSON.stringify(before);
}

export async function watch(values: WatchValues, terminal: Terminal): Promise<ExitStatus> {
  if (values.redact && values.record === undefined) {
    throw new UsageError("--redact needs --record; secretscope watch --help tells more");
  }
  const stop = stopRequested();
  // Attaching takes a second or two: say so at once.
  if (terminal.progress) terminal.note("secretscope: reading the kernel and attaching probes");
  const recording = await openWatched(values, terminal);
  const { observation } = recording;
  const print = printer(values.json === true, terminal);
  let last: Snapshot | undefined;
  let shown: Snapshot | undefined;
  const show = (snapshot: Snapshot) => {
    last = snapshot;
    // A reader that is behind gets a later snapshot instead: it holds everything that this one does.
    if (terminal.out.offer(() => print(snapshot))) shown = snapshot;
  };
  try {
    observation.onNotice((notice) => terminal.note(`secretscope: ${safeText(notice)}`));
    // The first reading is part of opening.
    show(observation.snapshot());
    if (!values.once) {
      observation.onSnapshot(show);
      await until([stop, terminal.out.gone], values.for);
    }
  } finally {
    // Closing reads once more, and `show` is told.
    await recording.close();
  }
  if (last !== undefined && last !== shown) await terminal.out.print(print(last));
  if (recording.recorder !== undefined) tellRecorded(recording.recorder, terminal);
  return exitStatus.fine;
}

interface Watched {
  readonly observation: Observation;
  readonly recorder?: Recorder;
  close(): Promise<void>;
}

/** A disk that refuses ends the recording, which is said at once; watching goes on. */
async function openWatched(values: WatchValues, terminal: Terminal): Promise<Watched> {
  const options = observationOptions(values, values.interval);
  if (values.record === undefined) {
    const { openObservation } = await import("../../collector/session.ts");
    const observation = await openObservation(options);
    return { observation, close: () => observation.close() };
  }
  const { openRecording } = await import("../../collector/trace/recordLive.ts");
  return await openRecording(options, {
    path: values.record,
    redact: values.redact === true,
    tool: `secretscope ${version()}`,
    onFailure: ({ message }) => terminal.note(`secretscope: recording ended: ${safeText(message)}; watching goes on`),
  });
}

function printer(json: boolean, terminal: Terminal): (snapshot: Snapshot) => string {
  if (json) return (snapshot) => `${safeJson(snapshot)}\n`;
  let before: Before | undefined;
  return (snapshot) => {
    const first = before === undefined;
    before ??= { killsAtStart: snapshot.oom.kills, blind: undefined };
    const block = watchBlock(snapshot, before, terminal.screen());
    before = { ...before, blind: snapshot.evidence.blind };
    return first ? block : `\n${block}`;
  };
}
