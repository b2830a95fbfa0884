#!/usr/bin/env node
// Command line of the lab: boots a guest, runs a command in it, exits with its status.
import { constants } from "node:os";
import { parseArgs } from "node:util";
import { guests, LabFailure, prepare, run } from "./guest.mjs";

const usage = `Usage: node test/lab/lab.mjs [options] <guest> [command...]
       node test/lab/lab.mjs --prepare [guest...]

Boots a Debian kernel in QEMU and runs the command in it as root, in this repository's folder (changes there vanish;
/out is kept). Without a command, or with "bash", gives a shell on the serial console (Ctrl-A X kills the guest).

Guests:
${guests.map(({ name, kernel }) => `  ${name.padEnd(10)} kernel ${kernel}`).join("\n")}

Options, before the guest:
  --prepare          build the images of these guests (of all, if none is named) and stop
  --interactive      run the command on the serial console, with this terminal
  --out FOLDER       folder of this machine that the guest sees as /out
  --env NAME=VALUE   environment of the command (repeatable)
  --timeout SECONDS  kill the guest when the command takes longer (default 0: no limit)
  --memory MIB       default 2048
  --cpus N           default 2
  --skip-idle        time in which the guest is idle passes at once: an hour in minutes
  --systemd          systemd is process 1, and the command one of its services
  --append ARGS      more kernel arguments
  --help

Exit status: the command's own; 124 timeout, 125 no status (panic, hang, image not built), 2 wrong usage.
Images are kept in $SECRETSCOPE_CACHE/lab or ~/.cache/secretscope/lab. SECRETSCOPE_NO_INSTALL=1: install nothing here.
`;

/** @param {string} problem */
function wrong(problem) {
  process.stderr.write(`lab: ${problem}\nTry: node test/lab/lab.mjs --help\n`);
  return 2;
}

/** @param {string} line */
const log = (line) => process.stderr.write(`lab: ${line}\n`);

/** Everything from the guest's name on belongs to the guest, so the command's own options are not read here. */
function read() {
  const values = new Set(["--out", "--env", "--timeout", "--memory", "--cpus", "--append"]);
  const all = process.argv.slice(2);
  let end = 0;
  while (end < all.length && all[end]?.startsWith("-") && all[end] !== "--") end += values.has(all[end] ?? "") ? 2 : 1;
  const { values: options } = parseArgs({
    args: all.slice(0, end),
    options: {
      help: { type: "boolean", short: "h" },
      prepare: { type: "boolean" },
      interactive: { type: "boolean", short: "i" },
      out: { type: "string" },
      env: { type: "string", multiple: true },
      timeout: { type: "string" },
      memory: { type: "string" },
      cpus: { type: "string" },
      "skip-idle": { type: "boolean" },
      systemd: { type: "boolean" },
      append: { type: "string" },
    },
  });
  return { options, rest: all.slice(all[end] === "--" ? end + 1 : end) };
}

async function main() {
  let given;
  try {
    given = read();
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
  const { options, rest } = given;
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  const unknown = (options.prepare ? rest : rest.slice(0, 1)).find(
    (name) => !guests.some((each) => each.name === name),
  );
  if (unknown !== undefined) return wrong(`no guest "${unknown}"; there are: ${guests.map((g) => g.name).join(", ")}`);
  for (const name of /** @type {const} */ (["timeout", "memory", "cpus"])) {
    if (options[name] !== undefined && !/^\d+$/.test(options[name]))
      return wrong(`--${name} ${options[name]}: not a number`);
  }
  const badEnv = options.env?.find((pair) => !/^[A-Za-z_]\w*=/.test(pair));
  if (badEnv !== undefined) return wrong(`--env ${badEnv}: not NAME=VALUE`);
  const stopping = new AbortController();
  /** @param {number} status */
  const stop = (status) => {
    stopping.abort();
    process.exitCode = status;
  };
  for (const name of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.on(name, () => stop(128 + constants.signals[name]));
  }
  // The reader of our output went away, as in "lab debian13 dmesg | head".
  process.stdout.on("error", () => stop(128 + constants.signals.SIGPIPE));
  const { signal } = stopping;

  if (options.prepare) {
    for (const guest of rest.length > 0 ? rest : guests) await prepare(guest, { log, signal });
    return 0;
  }
  const [name, ...words] = rest;
  if (name === undefined) return wrong("which guest?");
  const command = words[0] === "--" ? words.slice(1) : words;
  const shell = command.length === 0 || (command.length === 1 && command[0] === "bash");
  const interactive = options.interactive === true || shell;
  if (interactive && !process.stdin.isTTY)
    return wrong("a shell on the console needs a terminal; give a command to run");

  const result = await run(name, command.length > 0 ? command : ["bash"], {
    interactive,
    log,
    out: options.out,
    env: Object.fromEntries(
      options.env?.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]) ?? [],
    ),
    timeoutMs: Number(options.timeout ?? 0) * 1000,
    memory: options.memory === undefined ? undefined : Number(options.memory),
    cpus: options.cpus === undefined ? undefined : Number(options.cpus),
    skipIdle: options["skip-idle"],
    systemd: options.systemd,
    append: options.append,
    signal,
    onOutput: (text, stream) => process[stream].write(text),
  });
  log(`booted in ${result.bootSeconds.toFixed(1)} s, ran ${result.seconds.toFixed(1)} s, status ${result.status}`);
  return result.status;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof LabFailure)) throw error;
  if (error.kind !== "aborted") {
    log(error.message);
    process.exitCode = error.kind === "timeout" ? 124 : 125;
  }
}
