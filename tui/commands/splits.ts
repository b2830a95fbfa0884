/** `secretscope splits`: who splits the direct map, by cause, process and stack, over some time. */
import { Command, Option } from "commander";
import type { Snapshot } from "../../collector/snapshot.ts";
import { type ExitStatus, exitStatus } from "../exit-status.ts";
import { showProgress } from "../progress-line.ts";
import { costOfSplits, totalSplits } from "../sections/direct-map.ts";
import { blindLines, evidenceLines } from "../sections/evidence.ts";
import { splitCauseLines } from "../sections/split-causes.ts";
import { stopRequested, until } from "../stop.ts";
import type { Terminal } from "../terminal.ts";
import { indented, labelled, type Screen } from "../text/block.ts";
import { formatCount } from "../text/counts.ts";
import { formatDuration } from "../text/durations.ts";
import { safeJson, safeText } from "../text/safe.ts";
import {
  addRouteOptions,
  duration,
  exitHelp,
  jsonOption,
  lengthLimits,
  observationOptions,
  type RouteValues,
} from "./options.ts";

export interface SplitsValues extends RouteValues {
  /** ms */
  readonly for: number;
  readonly json?: boolean;
}

const readEveryMs = 1000;

const help = `
Examples:
  secretscope splits                   watch for 30 seconds, then say who
  secretscope splits --for 10m         for ten minutes; Ctrl-C ends it early
  secretscope splits --json | jq '.splitCauses[] | {cause, comm, count}'

Every split that /proc/vmstat counted is either attributed to a kernel stack or
said to be unattributed. Needs root and bpftrace to name causes; without them
only the totals are shown.
${exitHelp([
  [0, "nobody but secretscope itself split the direct map"],
  [1, "somebody did, or something that could not be attributed"],
  [2, "wrong usage, or cannot run"],
])}`;

export function splitsCommand(run: (values: SplitsValues) => Promise<void>): Command {
  const command = new Command("splits")
    .description("who splits the direct map: cause, process and stack")
    .addOption(
      new Option("--for <time>", `how long to watch, ${lengthLimits.said}`)
        .argParser(duration(lengthLimits))
        .default(30_000, "30s"),
    )
    .addOption(jsonOption());
  return addRouteOptions(command).addHelpText("after", help).action(run);
}

/** What happened between the start and the snapshot, by who did it. null: this kernel does not count splits. */
export function tally({ directMap, evidence, splitCauses }: Snapshot) {
  const moved = totalSplits(directMap.sinceStart.splits);
  const unattributed = evidence.unattributedSplits;
  const count = (causes: typeof splitCauses) => causes.reduce((total, each) => total + each.count, 0);
  const others = splitCauses.filter((each) => !each.own);
  return {
    moved,
    unattributed,
    attributed: moved === null || unattributed === null ? null : moved - unattributed,
    own: totalSplits(directMap.sinceStart.own),
    byOthers: count(others),
    listed: count(splitCauses),
  };
}

export function splitsText(snapshot: Snapshot, watchedMs: number, screen: Screen): string {
  const { moved, unattributed, attributed, own, byOthers } = tally(snapshot);
  const causes = splitCauseLines(
    snapshot.splitCauses,
    { now: snapshot.time, stacks: true, limit: Number.POSITIVE_INFINITY },
    screen,
  );
  const balance =
    moved === null
      ? "this kernel does not count splits; stacks are an upper bound"
      : `${formatCount(attributed)} attributed + ${formatCount(unattributed)} unattributed = ${formatCount(moved)} that /proc/vmstat moved`;
  const title = `${formatDuration(watchedMs)} on ${safeText(snapshot.host.name)}, kernel ${safeText(snapshot.host.kernel)}`;
  return `${[
    ...indented(title, 0, screen, "heading"),
    "",
    ...(causes.length > 0 ? causes : indented(nobody(snapshot, moved), 0, screen)),
    "",
    ...labelled(
      "by others",
      seesCauses(snapshot) ? `${formatCount(byOthers)} with a known cause` : "not known",
      screen,
    ),
    ...labelled("own", own === null ? "not known" : `${formatCount(own)} by secretscope's own probes`, screen),
    ...labelled("balance", balance, screen, unattributed ? "warning" : undefined),
    ...evidenceLines(snapshot.evidence, screen),
    ...blindLines(
      snapshot.evidence.blind.filter(({ fact }) => /\bsplits\b/.test(fact)),
      screen,
    ),
    "",
    ...indented(costOfSplits, 0, screen, "quiet"),
  ].join("\n")}\n`;
}

const seesCauses = ({ evidence }: Pick<Snapshot, "evidence">) =>
  evidence.route.splits !== null && evidence.route.splits !== "procfs";

/** An empty table has two meanings, and only one of them is good news. */
function nobody({ evidence }: Snapshot, moved: number | null): string {
  if (!seesCauses({ evidence })) {
    return "Causes are not known here: only totals can be read.";
  }
  return moved === null || moved > 0 ? "No cause was seen." : "Nobody split the direct map in this time.";
}

export async function splits(values: SplitsValues, terminal: Terminal): Promise<ExitStatus> {
  const stop = stopRequested();
  const { openObservation } = await import("../../collector/session.ts");
  const interval = Math.min(readEveryMs, Math.max(100, values.for));
  const observation = await openObservation(observationOptions(values, interval));
  const began = performance.now();
  const first = observation.snapshot();
  const progress = showProgress(terminal, () => {
    const left = formatDuration(Math.ceil(Math.max(0, values.for + began - performance.now()) / 1000) * 1000);
    return `watching splits: ${left} left (Ctrl-C ends it early)`;
  });
  let last = first;
  try {
    // Told once more by close(), with what came in since the last reading.
    observation.onSnapshot((snapshot) => {
      last = snapshot;
    });
    observation.onNotice((notice) => {
      progress?.wipe();
      terminal.note(`secretscope: ${safeText(notice)}`);
    });
    await until([stop, terminal.out.gone], values.for);
  } finally {
    progress?.stop();
    await observation.close();
  }
  // From reading to reading, as the figures are.
  const watchedMs = Number((BigInt(last.monotonicNs) - BigInt(first.monotonicNs)) / 1_000_000n);
  const { schema, time, host, evidence, directMap, splitCauses } = last;
  await terminal.out.print(
    values.json
      ? `${safeJson({ schema, time, host, evidence, directMap, splitCauses })}\n`
      : splitsText(last, watchedMs, terminal.screen()),
  );
  const { byOthers, unattributed } = tally(last);
  return byOthers > 0 || (unattributed ?? 0) > 0 ? exitStatus.finding : exitStatus.fine;
}
