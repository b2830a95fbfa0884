/** `secretscope demo`: the recording that ships with the package, replayed. It needs no kernel to look at. */
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import type { ExitStatus } from "../exit-status.ts";
import type { Terminal } from "../terminal.ts";
import { exitHelp } from "./options.ts";
import { addReplayOptions, opensScreen, type ReplayValues, replay } from "./replay.ts";

export type DemoValues = Omit<ReplayValues, "file">;

/** Put beside the compiled code by .ci/copy-programs.mjs; recorded by test/fixtures/traces/record-lab.mjs. */
export const demoFile = fileURLToPath(new URL("../demo/recording.arrows", import.meta.url));

const help = `
Examples:
  secretscope demo                      the dashboard; ? shows the keys
  secretscope demo --speed 10           the same, faster
  secretscope demo | less               as watch prints it, sample by sample
  secretscope demo --json | tail -1 | jq .splitCauses
  secretscope demo --at +2m             the state two minutes in

Some minutes of a real Debian 13 kernel, and not this machine: a vault that
grows until the direct map is split, modules and BPF programs that split it too,
a user who runs into a limit, an OOM kill that frees secret memory and one that
frees none, and probes that are shot and come back. Needs no root, no bpftrace,
no Linux.
${exitHelp([
  [0, "played"],
  [1, "the file that was installed is damaged"],
  [2, "wrong usage, or it cannot be read"],
])}`;

export function demoCommand(run: (values: DemoValues) => Promise<void>): Command {
  const command = new Command("demo").description("play a recording that ships with secretscope, anywhere");
  return addReplayOptions(command).addHelpText("after", help).action(run);
}

export async function demo(values: DemoValues, terminal: Terminal): Promise<ExitStatus> {
  // On the screen the first line says it all the time.
  if (!opensScreen(values)) terminal.note("secretscope: this is a recording of another machine, not of this one");
  return await replay({ ...values, file: demoFile }, terminal);
}
