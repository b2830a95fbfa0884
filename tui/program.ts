/** The command line: which commands there are, how they are described, and how a wrong one is answered. */
import { Command, CommanderError } from "commander";
import { alertFigures } from "./commands/alert-figures.ts";
import { alertsCheck, alertsCommand, alertsTest } from "./commands/alerts.ts";
import { demo, demoCommand } from "./commands/demo.ts";
import { doctor, doctorCommand } from "./commands/doctor.ts";
import { exportCommand, exportRecording } from "./commands/export.ts";
import { exitHelp } from "./commands/options.ts";
import { record, recordCommand } from "./commands/record.ts";
import { redact, redactCommand } from "./commands/redact.ts";
import { replay, replayCommand } from "./commands/replay.ts";
import { report, reportCommand } from "./commands/report.ts";
import { serve, serveCommand } from "./commands/serve.ts";
import { splits, splitsCommand } from "./commands/splits.ts";
import { watch, watchCommand } from "./commands/watch.ts";
import { who, whoCommand } from "./commands/who.ts";
import { dashboard, dashboardCommand, defaultCommand } from "./dashboard/command.ts";
import { type ExitStatus, exitStatus } from "./exit-status.ts";
import { UsageError } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

const description =
  "Who holds secret memory, who splits the kernel's direct map, and what the OOM killer really achieved.";

const help = `
Without a command: the dashboard in a terminal, watch in a pipe.

Examples:
  secretscope                 watch this machine; ? shows the keys
  secretscope who             who holds secret memory now
  secretscope splits          who splits the direct map, over 30 seconds
  secretscope doctor          what this machine can show, and why not the rest
  secretscope record -o FILE  record it, for replay, report and export anywhere
  secretscope demo            a recording, played: needs no root and no Linux
  secretscope serve           alerts, and metrics for Prometheus, no screen

secretscope COMMAND --help tells more. It never reads the contents of secret
memory and never changes a setting.
${exitHelp([
  [0, "fine, or nothing found"],
  [1, "a finding (see each command)"],
  [2, "wrong usage, or cannot run"],
])}`;

const aboutTheProgram = new Set(["-h", "--help", "-V", "--version"]);

/** @param words the command line without node and the script */
export async function runProgram(words: readonly string[], version: string, terminal: Terminal): Promise<ExitStatus> {
  let status: ExitStatus = exitStatus.fine;
  const bound =
    <Values>(command: (values: Values, terminal: Terminal) => Promise<ExitStatus>) =>
    async (values: Values) => {
      status = await command(values, terminal);
    };
  const printed: string[] = [];
  const program = new Command("secretscope")
    .description(description)
    .version(version)
    .helpCommand("help [command]", "what --help prints")
    .addHelpText("after", help);
  for (const command of [
    dashboardCommand(bound(dashboard)),
    watchCommand(bound(watch)),
    whoCommand(bound(who)),
    splitsCommand(bound(splits)),
    doctorCommand(bound(doctor)),
    recordCommand(bound(record)),
    replayCommand(bound(replay)),
    demoCommand(bound(demo)),
    reportCommand(bound(report)),
    exportCommand(bound(exportRecording)),
    redactCommand(bound(redact)),
    serveCommand(bound(serve)),
    alertsCommand({ check: bound(alertsCheck), test: bound(alertsTest), figures: bound(alertFigures) }),
  ]) {
    program.addCommand(command);
  }
  for (const command of [program, ...program.commands.flatMap((each) => [each, ...each.commands])]) {
    command
      .exitOverride()
      .allowExcessArguments(false)
      // Help goes through Output like everything else; complaints are taken from the error instead.
      .configureOutput({ writeOut: (text) => printed.push(text), writeErr: () => {} });
  }
  const [first] = words;
  const named = first !== undefined && (!first.startsWith("-") || aboutTheProgram.has(first));
  try {
    await program.parseAsync(named ? [...words] : [defaultCommand(words), ...words], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw new UsageError(complaint(error.message, words, program));
    await terminal.out.print(printed.join(""));
  }
  return status;
}

/** commander's complaint in one line, with where to read on. */
function complaint(message: string, words: readonly string[], program: Command): string {
  const text = message
    .replace(/^error: /, "")
    // What commander says when a command that only has subcommands is given none.
    .replace(/^\(outputHelp\)$/, "one of its commands is missing")
    .replace(/\n\(Did you mean (?:one of )?(.*?)\?\)$/s, "; did you mean $1?")
    .replaceAll("\n", " ")
    .replace(/\.$/, "");
  const known = program.commands.find((each) => each.name() === words[0]);
  if (words[0] === "help") return `there is no command '${words[1]}'; secretscope --help tells more`;
  const command = known === undefined ? "" : ` ${known.name()}`;
  return `${text}; secretscope${command} --help tells more`;
}
