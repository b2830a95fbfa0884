#!/usr/bin/env node
/** The command `secretscope`: runs the program, and turns whatever happens into one line and an exit status. */
import { exitStatus } from "./exit-status.ts";
import { failureText } from "./failure.ts";
import { runProgram } from "./program.ts";
import { processTerminal } from "./terminal.ts";
import { version } from "./version.ts";

const terminal = processTerminal();

function fail(error: unknown): never {
  process.stderr.write(failureText(error, process.env));
  process.exit(exitStatus.cannot);
}

// Errors from timers and listeners reach nobody else. bpftrace ends with this process, whatever ends it.
process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);

try {
  const status = await runProgram(process.argv.slice(2), version(), terminal);
  await terminal.out.flush();
  if (terminal.out.failure) fail(terminal.out.failure);
  process.exit(status);
} catch (error) {
  fail(error);
}
