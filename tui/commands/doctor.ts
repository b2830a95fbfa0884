/** `secretscope doctor`: which facts this host can show, by which route, and what to do about the others. */
import { Command } from "commander";
import type { Diagnosis, FactDiagnosis } from "../../collector/diagnosis.ts";
import { type ExitStatus, exitStatus } from "../exit-status.ts";
import { blindLines } from "../sections/evidence.ts";
import type { Terminal } from "../terminal.ts";
import { indented, labelled, type Screen } from "../text/block.ts";
import { safeJson } from "../text/safe.ts";
import { table } from "../text/table.ts";
import { bpftraceOption, exitHelp, jsonOption } from "./options.ts";

export interface DoctorValues {
  readonly json?: boolean;
  readonly bpftrace?: string;
}

const help = `
Examples:
  secretscope doctor
  secretscope doctor --json | jq '.facts[] | select(.route == null)'
  secretscope doctor --bpftrace /opt/bpftrace/bin/bpftrace

Routes: tracepoint, fentry and kprobe are read with bpftrace as root; procfs
needs neither. "none": cannot be shown. It only looks: nothing stays attached,
nothing is changed or installed.
${exitHelp([
  [0, "everything can be shown"],
  [1, "something cannot"],
  [2, "nothing can be shown, or wrong usage"],
])}`;

export function doctorCommand(run: (values: DoctorValues) => Promise<void>): Command {
  return new Command("doctor")
    .description("what this host can show, by which route, and what to do about the rest")
    .addOption(jsonOption())
    .addOption(bpftraceOption())
    .addHelpText("after", help)
    .action(run);
}

export function doctorText(diagnosis: Diagnosis, screen: Screen): string {
  const { host, secretmem, bpftrace, kernel, facts, blind } = diagnosis;
  const limits = kernel.filter(({ limits }) => limits !== null);
  return `${[
    ...indented(`${host.name}, kernel ${host.kernel}, ${host.architecture}`, 0, screen, "heading"),
    "",
    ...table(
      [{ heading: "ROUTE" }, { heading: "FACT", shrinkTo: 20 }],
      facts.map((fact, index) => row(fact, facts[index + 1], screen)),
      screen,
    ),
    "",
    ...labelled("secret memory", secretmemText(secretmem), screen, secretmem.available ? undefined : "warning"),
    ...labelled("bpftrace", bpftraceText(bpftrace), screen, bpftrace.reason === null ? undefined : "warning"),
    ...labelled("kernel", kernel.map(({ name, value }) => `${name}: ${value}`).join(", "), screen),
    ...limits.flatMap(({ name, limits }) => labelled("", `${name}: ${limits}`, screen, "quiet")),
    ...blindLines(blind, screen),
    "",
    ...indented(verdict(diagnosis), 0, screen),
  ].join("\n")}\n`;
}

/** What facts that follow each other have in common is said once, under the last of them. */
function row(fact: FactDiagnosis, next: FactDiagnosis | undefined, screen: Screen) {
  const { route, title } = fact;
  const why = next !== undefined && next.route === route && whyNot(next) === whyNot(fact) ? "" : whyNot(fact);
  return {
    cells: [{ text: route ?? "none", tone: route === null ? ("bad" as const) : ("good" as const) }, title],
    below: why === "" ? [] : indented(why, 12, screen, "quiet"),
  };
}

function whyNot({ route, reason, remedy }: FactDiagnosis): string {
  const why = [reason, remedy].filter((text) => text !== null).join("; ");
  // Through /proc it is shown in part; of two routes with probes the other one would tell more.
  return why === "" || route === null || route === "procfs" ? why : `no better route: ${why}`;
}

function secretmemText({ available, accounting, reason, remedy }: Diagnosis["secretmem"]): string {
  if (!available) return ["not available", reason, remedy].filter((text) => text !== null).join("; ");
  switch (accounting) {
    case "mlock":
      return "available; accounting: old model, mappings count against RLIMIT_MEMLOCK at mmap (EAGAIN)";
    case "user":
      return "available; accounting: new model, touched pages count against the user's RLIMIT_MEMLOCK (SIGBUS), root too";
    default:
      return ["available; accounting model not known", reason, remedy].filter((text) => text !== null).join("; ");
  }
}

function bpftraceText({ path, version, reason, remedy }: Diagnosis["bpftrace"]): string {
  if (reason === null) return `${path}, ${version}`;
  return [reason, remedy].filter((text) => text !== null).join("; ");
}

export function statusOf({ facts, blind, secretmem }: Diagnosis): ExitStatus {
  if (facts.every(({ route }) => route === null)) return exitStatus.cannot;
  const all = blind.length === 0 && secretmem.available && facts.every(({ route }) => route !== null);
  return all ? exitStatus.fine : exitStatus.finding;
}

function verdict(diagnosis: Diagnosis): string {
  switch (statusOf(diagnosis)) {
    case exitStatus.fine:
      return "Everything can be shown here.";
    case exitStatus.finding:
      return "Some of it cannot be shown here; the rest works.";
    default:
      return "Nothing can be shown here.";
  }
}

export async function doctor({ json, bpftrace }: DoctorValues, terminal: Terminal): Promise<ExitStatus> {
  const { diagnose } = await import("../../collector/diagnose.ts");
  const diagnosis = await diagnose({ bpftrace });
  await terminal.out.print(json ? `${safeJson(diagnosis)}\n` : doctorText(diagnosis, terminal.screen()));
  return statusOf(diagnosis);
}
