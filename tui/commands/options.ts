/** Options that several commands share, and what their values may be. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { ObservationOptions, RouteChoice } from "../../collector/observation.ts";
import { formatDuration, parseDuration } from "../text/durations.ts";

export const routes: readonly RouteChoice[] = ["auto", "tracepoint", "function", "procfs"];

export const intervalLimits = { leastMs: 100, mostMs: 3_600_000, said: "100ms to 1h" } as const;
export const lengthLimits = { leastMs: 100, mostMs: 7 * 86_400_000, said: "100ms to 7d" } as const;

/** Reads a length of time within limits, in ms. */
export function duration(limits: { leastMs: number; mostMs: number; said: string }): (text: string) => number {
  return (text) => {
    const ms = parseDuration(text);
    if (ms === undefined || ms < limits.leastMs || ms > limits.mostMs) {
      throw new InvalidArgumentError(`Allowed: ${limits.said}, written like 500ms, 2s, 1m or 1h.`);
    }
    return ms;
  };
}

/** Reads one process number and adds it to those before. */
export function pids(text: string, before: readonly number[] = []): readonly number[] {
  // 4194304 is the kernel's own upper limit (PID_MAX_LIMIT, include/linux/threads.h).
  if (!/^[1-9]\d{0,6}$/.test(text) || Number(text) > 4_194_304) {
    throw new InvalidArgumentError("Allowed: the number of a process, from 1 to 4194304.");
  }
  return [...before, Number(text)];
}

export const jsonOption = () => new Option("--json", "print data instead of text");

export const intervalOption = (what = "read and print") =>
  new Option("--interval <time>", `how often to ${what}, ${intervalLimits.said}`)
    .argParser(duration(intervalLimits))
    .default(1000, formatDuration(1000));

export function addRouteOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--route <route>",
        "how to learn from the kernel; function: tracepoints where no function can be probed; procfs: no BPF",
      )
        .choices(routes)
        .default("auto"),
    )
    .addOption(bpftraceOption());
}

export const bpftraceOption = () =>
  new Option("--bpftrace <path>", "which bpftrace to run (default: found on PATH)").argParser((path: string) => {
    if (path === "") throw new InvalidArgumentError("Allowed: the path of a file.");
    return path;
  });

/** What the options above are parsed into. */
export interface RouteValues {
  readonly route: RouteChoice;
  readonly bpftrace?: string;
}

export function observationOptions({ route, bpftrace }: RouteValues, intervalMs: number): ObservationOptions {
  return { intervalMs, route, bpftrace };
}

export const exitHelp = (lines: readonly (readonly [number, string])[]) =>
  `\nExit status:\n${lines.map(([status, meaning]) => `  ${status}  ${meaning}`).join("\n")}\n`;
