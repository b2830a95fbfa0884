/** `secretscope` alone in a terminal: opens the dashboard. Anywhere else the same words mean `watch`. */
import { Command, InvalidArgumentError, Option } from "commander";
import type { Recorder } from "../../collector/trace/recorder.ts";
import {
  addRouteOptions,
  exitHelp,
  intervalOption,
  observationOptions,
  type RouteValues,
} from "../commands/options.ts";
import { tellRecorded } from "../commands/record.ts";
import { readRulesOrTell, rulesOption, tellRulesUnused } from "../commands/rules.ts";
import { type ExitStatus, exitStatus } from "../exit-status.ts";
import { stopRequested } from "../stop.ts";
import type { Terminal } from "../terminal.ts";
import { version } from "../version.ts";
import { canDraw, lookOf } from "./look.ts";
import { initialState, type State } from "./state.ts";
import { holderColumns, sortColumns } from "./views/holders.ts";

export interface DashboardValues extends RouteValues {
  /** ms */
  readonly interval: number;
  readonly ascii?: boolean;
  /** Name of a column of the holders. */
  readonly sort?: string;
  readonly filter?: string;
  /** A file of alert rules, default or none. */
  readonly rules?: string;
}

const help = `
Examples:
  secretscope                          the dashboard; ? shows the keys
  secretscope --sort rate              who allocates fastest on top
  secretscope --filter user:alice      one user's processes
  secretscope --rules rules.yaml       your own alert rules; see also
                                       secretscope alerts check --help

r records what is seen from then on, into a file named for host and time; it is
ended by r, and by leaving. secretscope replay FILE shows it again.

In a pipe, or with TERM=dumb, it is secretscope watch. NO_COLOR is respected.
${exitHelp([
  [0, "left by q, Ctrl-C or a signal"],
  [2, "wrong usage, cannot run, or a recording could not go on to the end"],
])}`;

export function dashboardCommand(run: (values: DashboardValues) => Promise<void>): Command {
  const command = new Command("dashboard")
    .description("the live screen: direct map, holders, who splits, OOM, events")
    .addOption(intervalOption())
    .addOption(new Option("--ascii", "no line drawing, blocks or braille"))
    .addOption(new Option("--sort <column>", `sort holders by ${columnNames.join(", ")}`).argParser(columnName))
    .addOption(new Option("--filter <text>", "show only these: words, user:, cgroup:, pid:"))
    .addOption(rulesOption());
  return addRouteOptions(command).addHelpText("after", help).action(run);
}

const sortable = sortColumns(holderColumns(lookOf({}, true)));
const columnNames = sortable.map(({ name }) => name);

function columnName(text: string): string {
  const name = text.toLowerCase();
  if (!columnNames.includes(name)) throw new InvalidArgumentError(`Allowed choices are ${columnNames.join(", ")}.`);
  return name;
}

/** Options that only text can have. */
const textOnly = /^--(json|once|for|record)(=|$)/;
/** Options that only a screen can have. */
const screenOnly = /^--(ascii|sort|filter|rules)(=|$)/;

/** Which command `secretscope` without one means. */
export function defaultCommand(words: readonly string[]): "dashboard" | "watch" {
  if (words.some((word) => textOnly.test(word))) return "watch";
  // Without a terminal the dashboard says itself what becomes of them.
  if (words.some((word) => screenOnly.test(word))) return "dashboard";
  return canDraw(process.stdin, process.stdout, process.env) ? "dashboard" : "watch";
}

export async function dashboard(values: DashboardValues, terminal: Terminal): Promise<ExitStatus> {
  const look = lookOf(process.env, values.ascii === true);
  const state = stateOf(values);
  const rules = await readRulesOrTell(values.rules, terminal);
  if (!canDraw(process.stdin, process.stdout, process.env)) {
    const { watch } = await import("../commands/watch.ts");
    if (values.sort !== undefined || values.filter !== undefined)
      terminal.note("secretscope: no terminal to draw on; this is watch, which shows all, in its own order");
    if (values.rules !== undefined) tellRulesUnused(terminal);
    return watch(values, terminal);
  }
  // Before blessed's own handlers: while there are others they leave the process alone.
  const asked = stopRequested();
  const stop = AbortSignal.any([asked, terminal.out.gone]);
  const streams = { input: process.stdin, output: process.stdout };
  const { Dashboard } = await import("./dashboard.ts");
  const screen = new Dashboard({ streams, look, root: terminal.root, intervalMs: values.interval, rules, state, stop });
  try {
    const { openRecordable } = await import("../../collector/trace/recordLive.ts");
    const opening = openRecordable(observationOptions(values, values.interval));
    const live = await Promise.race([opening, screen.left]);
    // Left before it began: bpftrace ends with this process. What it would have said no longer matters.
    if (live === undefined) {
      opening.catch(() => {});
      return exitStatus.fine;
    }
    const { observation, recordings } = live;
    let recorder: Recorder | undefined;
    try {
      screen.watch(observation, { recording: { recordings, tool: `secretscope ${version()}` } });
      await screen.left;
    } finally {
      // The person gets the terminal back at once; the probes take a moment to stop.
      screen.end();
      recorder = recordings.running;
      await live.close();
    }
    // What still ran when the screen was left: where it is, and whether it is whole.
    if (recorder !== undefined) tellRecorded(recorder, terminal);
    // One that ended before, by itself: the screen that said so is gone.
    if (recordings.failure !== undefined) throw recordings.failure;
  } finally {
    screen.end();
  }
  return exitStatus.fine;
}

function stateOf({ sort, filter }: DashboardValues): State {
  const column = sortable.find(({ name }) => name === sort);
  return {
    ...initialState,
    filter: filter ?? "",
    sort:
      column === undefined
        ? initialState.sort
        : { ...initialState.sort, holders: { column: column.name, descending: column.descending } },
  };
}
