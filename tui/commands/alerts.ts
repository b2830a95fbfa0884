/** `secretscope alerts`: are the rules right, and what would they have said about a recording. */
import { setImmediate as turn } from "node:timers/promises";
import { Command, Option } from "commander";
import type { Backtest } from "../../collector/alerts/backtest.ts";
import type { Alert } from "../../collector/alerts/engine.ts";
import { mistakeLines } from "../../collector/alerts/mistakeLines.ts";
import { CannotRun } from "../../collector/cannotRun.ts";
import { type ExitStatus, exitStatus } from "../exit-status.ts";
import { stopRequested } from "../stop.ts";
import type { Terminal } from "../terminal.ts";
import { counted } from "../text/counts.ts";
import { safeJson, safeText } from "../text/safe.ts";
import { formatTime } from "../text/times.ts";
import { tellDamage } from "./damage.ts";
import { exitHelp, jsonOption } from "./options.ts";
import { readRulesOrTell } from "./rules.ts";

export interface AlertsCheckValues {
  /** undefined: the rules that secretscope comes with. */
  readonly rules: string | undefined;
  readonly json?: boolean;
}

export interface AlertsTestValues extends AlertsCheckValues {
  readonly trace: string;
}

const help = `
Examples:
  secretscope alerts check rules.yaml
  secretscope alerts test rules.yaml --trace incident.arrows
  secretscope alerts test --trace incident.arrows     the rules it comes with
  secretscope alerts figures                          what a rule can be about

Without RULES: those that secretscope comes with. A file of rules:

  rules:
    - name: secret-memory-large
      figure: secret_share            # alerts figures lists them
      above: 25%                      # or below: 24, is: yes
      for: 5m                         # how long it has to last; at once
      clear: { at: 20%, for: 10m }    # when it is over; at the threshold
      every: 1d                       # said again; once
      labels: { severity: warning }
      message: "{host}: {value} of RAM is secret memory"

Only name, figure and one comparison have to be there. A message can hold
{value}, {threshold}, {who}, {host}, {rule}, and any figure.
${exitHelp([
  [0, "fine, or no rule fired; figures: always"],
  [1, "check: a mistake in the rules; test: a rule fired"],
  [2, "wrong usage, or a file cannot be used"],
])}`;

interface Runs {
  readonly check: (values: AlertsCheckValues) => Promise<void>;
  readonly test: (values: AlertsTestValues) => Promise<void>;
  readonly figures: (values: { readonly json?: boolean }) => Promise<void>;
}

export function alertsCommand({ check, test, figures }: Runs): Command {
  const plain = (name: string, description: string) =>
    new Command(name).description(description).addOption(jsonOption());
  const command = (name: string, description: string) =>
    plain(name, description).argument("[rules]", "a file of rules in YAML");
  return new Command("alerts")
    .description("check alert rules, and try them on a recording")
    .addCommand(
      command("check", "explain mistakes in rules, with line and column")
        .addHelpText("after", help)
        .action((rules: string | undefined, values: { json?: boolean }) => check({ ...values, rules })),
    )
    .addCommand(
      command("test", "when each rule would have fired and cleared")
        .addOption(new Option("--trace <file>", "made by secretscope record").makeOptionMandatory())
        .addHelpText("after", help)
        .action((rules: string | undefined, values: Omit<AlertsTestValues, "rules">) => test({ ...values, rules })),
    )
    .addCommand(plain("figures", "what a rule can be about").addHelpText("after", help).action(figures))
    .addHelpText("after", help);
}

const mostPrinted = 50;

export async function alertsCheck({ rules: path, json }: AlertsCheckValues, terminal: Terminal): Promise<ExitStatus> {
  const { defaultRulesPath, readRuleFile } = await import("../../collector/alerts/ruleFile.ts");
  const file = path === undefined || path === "default" ? defaultRulesPath : path;
  const { rules, mistakes } = readRuleFile(file);
  if (json) {
    await terminal.out.print(
      `${safeJson({ schema: "secretscope.alerts-check/1", file, rules: rules.length, mistakes })}\n`,
    );
  } else {
    const fine = `${safeText(file)}: ${counted(rules.length, "rule")}, no mistakes`;
    await terminal.out.print(`${mistakes.length === 0 ? fine : mistakeLines(file, mistakes).join("\n")}\n`);
  }
  return mistakes.length === 0 ? exitStatus.fine : exitStatus.finding;
}

export async function alertsTest(
  { rules: path, trace: tracePath, json = false }: AlertsTestValues,
  terminal: Terminal,
): Promise<ExitStatus> {
  const stop = stopRequested();
  const rules = await readRulesOrTell(path, terminal);
  const { Backtest } = await import("../../collector/alerts/backtest.ts");
  const { openTrace } = await import("../../collector/sources/trace-file/observation.ts");
  const trace = openTrace(tracePath);
  try {
    if (trace.file.batches.length === 0) throw new CannotRun(`${tracePath} holds no samples yet`, "record for longer");
    const backtest = new Backtest(rules);
    for (const alerts of backtest.run(trace)) {
      for (const alert of alerts) await terminal.out.print(`${json ? safeJson(alert) : alertLine(alert)}\n`);
      // Reading is quick and endless: a signal gets its turn.
      if (backtest.samples % 64 === 0) await turn();
      if (stop.aborted || terminal.out.gone.aborted) break;
    }
    await terminal.out.print(json ? `${safeJson(outcomeData(backtest))}\n` : outcomeText(backtest));
    tellDamage(trace.file, terminal);
    return backtest.outcomes.some(({ fired }) => fired > 0) ? exitStatus.finding : exitStatus.fine;
  } finally {
    await trace.close();
  }
}

const alertLine = ({ time, change, rule, message }: Alert) =>
  safeText(`${formatTime(time)}  ${change.padEnd(8)}  ${rule}: ${message}`);

const outcomeData = (backtest: Backtest) => ({
  schema: "secretscope.alerts-test/1",
  samples: backtest.samples,
  rules: backtest.outcomes,
});

/** A rule that could not be judged is not a rule that stayed quiet. */
function outcomeText(backtest: Backtest): string {
  const { outcomes, samples } = backtest;
  const fired = outcomes.filter((outcome) => outcome.fired > 0);
  const still = outcomes.filter((outcome) => outcome.firing);
  const blind = outcomes.filter((outcome) => outcome.knownSamples === 0);
  const list = (rules: typeof outcomes) => {
    const names = rules.slice(0, mostPrinted).map(({ rule }) => `\n  ${rule}`);
    return `${names.join("")}${rules.length > mostPrinted ? `\n  and ${rules.length - mostPrinted} more` : ""}\n`;
  };
  return [
    `${counted(samples, "sample")}: ${fired.length} of ${counted(outcomes.length, "rule")} fired\n`,
    still.length > 0 ? `still firing at the end:${list(still)}` : "",
    blind.length > 0 ? `never known in this recording (too short, or not seen):${list(blind)}` : "",
  ].join("");
}
