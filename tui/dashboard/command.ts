/** `secretscope` alone in a terminal: opens the dashboard. Anywhere else the same words mean `watch`. */
import { Command, Option } from "commander";
import {
  addRouteOptions,
  exitHelp,
  intervalOption,
  observationOptions,
  type RouteValues,
} from "../commands/options.ts";
import { type ExitStatus, exitStatus } from "../exit-status.ts";
import { UsageError } from "../failure.ts";
import { stopRequested } from "../stop.ts";
import type { Terminal } from "../terminal.ts";
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
}

const help = `
Examples:
  secretscope                          the dashboard; ? shows the keys
  secretscope --sort rate              who allocates fastest on top
  secretscope --filter user:alice      one user's processes

In a pipe, or with TERM=dumb, it is secretscope watch. NO_COLOR is respected.
${exitHelp([
  [0, "left by q, Ctrl-C or a signal"],
  [2, "wrong usage, or cannot run"],
])}`;

export function dashboardCommand(run: (values: DashboardValues) => Promise<void>): Command {
  const command = new Command("dashboard")
    .description("the live screen: direct map, holders, who splits, OOM, events")
    .addOption(intervalOption())
    .addOption(new Option("--ascii", "no line drawing, blocks or braille"))
    .addOption(new Option("--sort <column>", "sort holders by this column"))
    .addOption(new Option("--filter <text>", "show only these: words, user:, cgroup:, pid:"));
  return addRouteOptions(command).addHelpText("after", help).action(run);
}

/** Options that only text can have. */
const textOnly = /^--(json|once|for)(=|$)/;

/** Which command `secretscope` without one means. */
export function defaultCommand(words: readonly string[]): "dashboard" | "watch" {
  if (words.some((word) => textOnly.test(word))) return "watch";
  return canDraw(process.stdin, process.stdout, process.env) ? "dashboard" : "watch";
}

export async function dashboard(values: DashboardValues, terminal: Terminal): Promise<ExitStatus> {
  const look = lookOf(process.env, values.ascii === true);
  const state = stateOf(values);
  if (!canDraw(process.stdin, process.stdout, process.env)) {
    const { watch } = await import("../commands/watch.ts");
    return watch(values, terminal);
  }
  // Before blessed's own handlers: while there are others they leave the process alone.
  const asked = stopRequested();
  const stop = AbortSignal.any([asked, terminal.out.gone]);
  const streams = { input: process.stdin, output: process.stdout };
  const { Dashboard } = await import("./dashboard.ts");
  const screen = new Dashboard({ streams, look, root: terminal.root, intervalMs: values.interval, state, stop });
  try {
    const { openObservation } = await import("../../collector/session.ts");
    const opening = openObservation(observationOptions(values, values.interval));
    const observation = await Promise.race([opening, screen.left]);
    // Left before it began: bpftrace ends with this process. What it would have said no longer matters.
    if (observation === undefined) {
      opening.catch(() => {});
      return exitStatus.fine;
    }
    try {
      screen.watch(observation);
      await screen.left;
    } finally {
      // The person gets the terminal back at once; the probes take a moment to stop.
      screen.end();
      await observation.close();
    }
  } finally {
    screen.end();
  }
  return exitStatus.fine;
}

function stateOf({ sort, filter }: DashboardValues): State {
  const columns = sortColumns(holderColumns(lookOf({}, true)));
  const column = sort === undefined ? undefined : columns.find(({ name }) => name === sort.toLowerCase());
  if (sort !== undefined && column === undefined) {
    throw new UsageError(
      `there is no column '${sort}' to sort by; there are ${columns.map(({ name }) => name).join(", ")}`,
    );
  }
  return {
    ...initialState,
    filter: filter ?? "",
    sort:
      column === undefined
        ? initialState.sort
        : { ...initialState.sort, holders: { column: column.name, descending: column.descending } },
  };
}
