/**
 * A program of the user's, started for each notice: no shell, one argument stays one argument. It gets the notice as
 * JSON on standard input, its words in SECRETSCOPE_... variables, and as arguments where the configuration says so.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { safeJson } from "../../safeText.ts";
import type { AlertNotice } from "./notice.ts";
import type { Receiver } from "./receiver.ts";
import type { CommandSettings } from "./settings.ts";
import { stopped } from "./stopped.ts";
import { Undeliverable } from "./undeliverable.ts";
import { fillWords, wordsOf } from "./words.ts";

/** Between being asked to end and being ended. */
const graceMs = 2_000;
/** Of our own environment; the rest may hold what is none of the program's business. */
const passed = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"] as const;

export class CommandReceiver implements Receiver {
  readonly kind = "command";
  readonly batch = 1;
  readonly #settings: CommandSettings;

  constructor(settings: CommandSettings) {
    this.#settings = settings;
  }

  get name(): string {
    return this.#settings.name;
  }

  async send(notices: readonly AlertNotice[], signal: AbortSignal): Promise<void> {
    for (const notice of notices) await this.#run(notice, signal);
  }

  async #run(notice: AlertNotice, signal: AbortSignal): Promise<void> {
    const { program, args, timeoutMs } = this.#settings;
    const words = wordsOf(notice);
    const variables = Object.entries(words).map(([word, text]) => [`SECRETSCOPE_${word.toUpperCase()}`, text]);
    const child = spawn(
      program,
      args.map((argument) => fillWords(argument, words)),
      {
        shell: false,
        // A group of its own: what it starts ends with it.
        detached: true,
        cwd: "/",
        env: {
          ...Object.fromEntries(passed.flatMap((name) => [[name, process.env[name]]])),
          ...Object.fromEntries(variables),
        },
        stdio: ["pipe", "ignore", "ignore"],
      },
    );
    // It may end without having read what it was given.
    child.stdin?.on("error", () => {});
    child.stdin?.end(`${safeJson(notice)}\n`);
    await ended(child, timeoutMs, signal);
  }
}

async function ended(child: ChildProcess, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.timeout(timeoutMs);
  const closed = once(child, "exit").then(
    ([status, by]) => (status === 0 ? undefined : `ended with ${by ?? `status ${status}`}`),
    (error: NodeJS.ErrnoException) => `cannot be started: ${error.code ?? "unknown reason"}`,
  );
  const stop = AbortSignal.any([limit, signal]);
  const failure = await Promise.race([closed, stopped(stop)]);
  if (failure === undefined) return;
  if (failure !== "stopped") throw new Undeliverable(failure);
  endGroup(child, "SIGTERM");
  await Promise.race([closed, sleep(graceMs)]);
  endGroup(child, "SIGKILL");
  throw new Undeliverable(
    limit.aborted ? `did not end within ${timeoutMs / 1000} s: killed` : "stopped before it ended",
  );
}

function endGroup({ pid }: ChildProcess, name: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // The whole group has ended.
  }
}
