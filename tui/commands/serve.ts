/** `secretscope serve`: collects without a screen, tells of alerts, and answers Prometheus. */
import { Command, InvalidArgumentError, Option } from "commander";
import { CannotRun } from "../../collector/cannotRun.ts";
import type { RouteChoice } from "../../collector/observation.ts";
import type { Configuration, Overrides } from "../../collector/serve/configuration.ts";
import { type ListenAddress, listenForm, parseListen } from "../../collector/serve/listenAddress.ts";
import { type ExitStatus, exitStatus } from "../exit-status.ts";
import { serviceStops, stopRequested, until } from "../stop.ts";
import type { Terminal } from "../terminal.ts";
import { version } from "../version.ts";
import { bpftraceOption, duration, exitHelp, intervalLimits, routes } from "./options.ts";
import { rulesOption } from "./rules.ts";

export interface ServeValues {
  readonly config?: string;
  readonly listen?: ListenAddress;
  readonly rules?: string;
  /** ms */
  readonly interval?: number;
  readonly route?: RouteChoice;
  readonly bpftrace?: string;
  readonly perProcess?: boolean;
  readonly printConfig?: boolean;
}

const help = `
Examples:
  secretscope serve                   on http://127.0.0.1:19447, default rules
  secretscope serve --config FILE     what FILE says; docs/example-config.yaml
                                      explains every key
  secretscope serve --config FILE --print-config
                                      what that means, without doing it
  secretscope serve --listen 10.0.0.5:19447
                                      for a Prometheus on another machine
  curl http://127.0.0.1:19447/metrics also /healthz and /snapshot

Only this machine can connect unless --listen or the configuration names an
address that is not loopback; there is no password then either. No request
changes anything. Options go before what the file says.

SIGHUP reads the configuration and the rules again; with a mistake in them the
ones before stay in force, and the log says where the mistake is. SIGTERM (or
Ctrl-C) reads once more, sends what waits, and ends; a second one ends at once.
Alerts and what happens are lines on standard error.
${exitHelp([
  [0, "served until stopped"],
  [2, "wrong usage, a mistake in the configuration, or cannot run"],
])}`;

export function serveCommand(run: (values: ServeValues) => Promise<void>): Command {
  return new Command("serve")
    .description("alerts, and metrics for Prometheus, without a screen")
    .option("--config <file>", "settings in YAML")
    .addOption(new Option("--listen <host:port>", "where to answer (default: 127.0.0.1:19447)").argParser(listen))
    .addOption(rulesOption())
    .addOption(
      new Option("--interval <time>", `how often to read, ${intervalLimits.said} (default: 1s)`).argParser(
        duration(intervalLimits),
      ),
    )
    .addOption(new Option("--route <route>", "how to learn from the kernel (default: auto)").choices(routes))
    .addOption(bpftraceOption())
    .option("--per-process", "metrics of the largest holders by pid, too")
    .option("--print-config", "print what is in force, without secrets, and exit")
    .addHelpText("after", help)
    .action(run);
}

function listen(text: string): ListenAddress {
  const address = parseListen(text);
  if (address === undefined) throw new InvalidArgumentError(`Allowed: ${listenForm}.`);
  return address;
}

export async function serve(values: ServeValues, terminal: Terminal): Promise<ExitStatus> {
  // Before anything else: SIGHUP ends a process that does not listen for it.
  let reload = () => {};
  process.on("SIGHUP", () => reload());
  const stop = stopRequested(serviceStops);
  const note = (line: string) => terminal.note(`secretscope: ${line}`);
  const read = await reader(values);
  const configuration = firstRead(read, await import("../../collector/serve/configuration.ts"), note);
  const { settings } = configuration;
  if (values.printConfig) {
    const { printedSettings } = await import("../../collector/serve/printedSettings.ts");
    await terminal.out.print(printedSettings(settings));
    return exitStatus.fine;
  }
  const { Service } = await import("../../collector/serve/service.ts");
  const { serviceManager } = await import("../../collector/serve/systemd.ts");
  const { openObservation } = await import("../../collector/session.ts");
  const { thrifty } = await import("../../collector/sources/procfs/source.ts");
  const manager = serviceManager(process.env, note);
  const service = new Service({
    version: version(),
    configuration,
    read,
    log: note,
    print: printer(terminal),
    manager,
  });
  try {
    // An address that is taken is found out before the kernel is asked anything.
    await service.listen();
    reload = () => service.reload();
    const { route, bpftrace, intervalMs } = settings;
    const observation = await openObservation({
      route,
      intervalMs,
      bpftrace: bpftrace ?? undefined,
      looking: thrifty,
    });
    try {
      service.watch(observation);
      await until([stop]);
    } finally {
      manager.stopping();
      // Closing reads once more, and the rules see it.
      await observation.close();
    }
  } finally {
    reload = () => {};
    await service.close();
  }
  return exitStatus.fine;
}

type Reading = typeof import("../../collector/serve/configuration.ts");

async function reader(values: ServeValues): Promise<() => Configuration> {
  const { readConfiguration } = await import("../../collector/serve/configuration.ts");
  const { resolve } = await import("node:path");
  const { config, rules, interval, perProcess, listen: address, route, bpftrace } = values;
  const isWord = rules === "default" || rules === "none";
  const overrides: Overrides = {
    ...(address === undefined ? {} : { listen: address }),
    ...(interval === undefined ? {} : { intervalMs: interval }),
    ...(route === undefined ? {} : { route }),
    ...(bpftrace === undefined ? {} : { bpftrace }),
    ...(rules === undefined ? {} : { rules: isWord ? rules : { file: resolve(rules) } }),
    ...(perProcess === undefined ? {} : { perProcess }),
  };
  return () => readConfiguration(config, overrides);
}

function firstRead(read: () => Configuration, { Faulty }: Reading, note: (line: string) => void): Configuration {
  try {
    return read();
  } catch (error) {
    if (error instanceof Faulty) for (const line of error.lines) note(line);
    throw error;
  }
}

/** A reader of standard output that left takes no more alerts; serving goes on. */
function printer({ out }: Terminal): (text: string) => Promise<void> {
  return async (text) => {
    await out.print(text);
    if (out.gone.aborted) throw new CannotRun("nobody reads standard output", "read it, or turn stdout off");
  };
}
