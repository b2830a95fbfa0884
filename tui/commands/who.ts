/** `secretscope who`: everyone who holds secret memory now. procfs only: it needs neither bpftrace nor root. */
import { Command, Option } from "commander";
import type { Snapshot } from "../../collector/snapshot.ts";
import { type ExitStatus, exitStatus } from "../exit-status.ts";
import { unseenSentences } from "../sections/evidence.ts";
import { hibernationState } from "../sections/hibernation.ts";
import { holderLines, secretMemoryLines } from "../sections/holders.ts";
import { limitFindings } from "../sections/limits.ts";
import type { Terminal } from "../terminal.ts";
import { indented, type Screen } from "../text/block.ts";
import { safeJson } from "../text/safe.ts";
import { exitHelp, jsonOption, pids } from "./options.ts";

export interface WhoValues {
  readonly json?: boolean;
  readonly pid?: readonly number[];
}

const help = `
Examples:
  secretscope who                     everyone
  secretscope who --pid 1234          one process
  secretscope who --json | jq .secret.holders

Columns:
  HOLDS      open (a descriptor), mapped, or both
  RESIDENT   pages that it has mapped and that exist now
  ITS SHARE  the same, each page divided by how many processes map it
  LIMIT      RLIMIT_MEMLOCK
  USED       what this kernel's accounting model counts against the limit

Reads /proc only. Without root it cannot look into other users' processes, and
says how many those are. A file in flight in a socket has no holder: who says
how many descriptors are in flight; only secretscope watch, if it ran before,
knows which of them are secret memory.
${exitHelp([
  [0, "nobody holds secret memory, as far as could be seen"],
  [1, "somebody does"],
  [2, "wrong usage, or cannot run"],
])}`;

export function whoCommand(run: (values: WhoValues) => Promise<void>): Command {
  return new Command("who")
    .description("who holds secret memory now, against which limit, and does it block hibernation")
    .addOption(jsonOption())
    .addOption(new Option("--pid <pid>", "only this process (repeatable)").argParser(pids))
    .addHelpText("after", help)
    .action(run);
}

const asked = (wanted: readonly number[] | undefined) => (pid: number) => wanted === undefined || wanted.includes(pid);

export function whoText(
  snapshot: Snapshot,
  wanted: readonly number[] | undefined,
  root: boolean,
  screen: Screen,
): string {
  const { secret, evidence } = snapshot;
  const unseen = unseenSentences(evidence, root);
  const shown = secret.holders.filter(({ pid }) => asked(wanted)(pid));
  const lines =
    shown.length === 0
      ? indented(nobody(wanted !== undefined, unseen.length > 0), 0, screen)
      : [...secretMemoryLines(secret, screen), "", ...holderLines(snapshot, shown, shown.length, screen), ""];
  const sentences = [...limitFindings(snapshot), `Hibernation: ${hibernationState(snapshot)}.`];
  return `${[
    ...lines,
    ...sentences.flatMap((sentence) => indented(sentence, 0, screen)),
    ...unseen.flatMap((sentence) => indented(sentence, 0, screen, "warning")),
  ].join("\n")}\n`;
}

function nobody(chosen: boolean, unseen: boolean): string {
  if (chosen) return `None of the processes asked for ${unseen ? "was seen to hold" : "holds"} secret memory.`;
  return unseen ? "Nobody who could be seen holds secret memory." : "Nobody holds secret memory.";
}

/** Part of the snapshot contract: holders and files are those asked for, totals stay those of the whole machine. */
export function whoData({ schema, time, host, evidence, secret, hibernation }: Snapshot, wanted?: readonly number[]) {
  const holders = secret.holders.filter(({ pid }) => asked(wanted)(pid));
  const files = wanted === undefined ? secret.files : secret.files.filter((file) => file.holders.some(asked(wanted)));
  return { schema, time, host, evidence, secret: { ...secret, holders, files }, hibernation };
}

export async function who({ json, pid }: WhoValues, terminal: Terminal): Promise<ExitStatus> {
  const { whoHolds } = await import("../../collector/holders.ts");
  const snapshot = await whoHolds();
  const data = whoData(snapshot, pid);
  await terminal.out.print(json ? `${safeJson(data)}\n` : whoText(snapshot, pid, terminal.root, terminal.screen()));
  return data.secret.holders.length > 0 ? exitStatus.finding : exitStatus.fine;
}
