import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { childEnd } from "./child-end.ts";
import { type DecoderCounters, MessageDecoder } from "./decoder.ts";
import { bpftraceEnvironment } from "./environment.ts";
import { type Exit, explainExit } from "./exit.ts";
import { MessageQueue } from "./message-queue.ts";
import type { Message } from "./messages.ts";
import { watchForMissedSignal } from "./missed-signal.ts";
import type { StartOptions, StopOptions } from "./options.ts";
import { type GuardedCommand, guardCommand, type OrphanGuard } from "./orphan-guard.ts";
import { type Readiness, ReadinessWatch } from "./readiness.ts";
import { StderrLog } from "./stderr.ts";
import { compareToRelease } from "./version.ts";

/**
 * Starts bpftrace with a program. Resolves once the process is spawned or has failed to; what went wrong is in `exited`
 * and `ready`, which never reject.
 *
 * @throws RangeError when a limit is not a positive integer
 */
export async function startBpftrace(options: StartOptions): Promise<BpftraceProcess> {
  const env = bpftraceEnvironment(options.env ?? process.env, options.limits);
  const command = await guardCommand(options.path, [...(options.args ?? []), "-f", "json", "-"]);
  return new BpftraceProcess(options, command, env);
}

/** A running bpftrace. Owns the process: stop it, or dispose of it with `await using`. */
export class BpftraceProcess {
  /** Settles when all probes are attached, or when that can no longer be or takes too long. Never rejects. */
  readonly ready: Promise<Readiness>;
  /** Settles when bpftrace has ended and everything it printed was read. Never rejects. */
  readonly exited: Promise<Exit>;
  /** How bpftrace is kept from outliving this process. */
  readonly orphanGuard: OrphanGuard;
  readonly #options: StartOptions;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #decoder: MessageDecoder;
  readonly #stderr: StderrLog;
  readonly #readiness: ReadinessWatch;
  readonly #queue: MessageQueue | undefined;
  #stopping: Promise<Exit> | undefined;
  #forced = false;
  #mayPause = true;
  #pauses = 0;
  #probes: number | undefined;

  /** Use `startBpftrace`. */
  constructor(options: StartOptions, command: GuardedCommand, env: Record<string, string | undefined>) {
    this.#options = options;
    this.orphanGuard = command.guard;
    this.#readiness = new ReadinessWatch(options.readyTimeoutMs ?? 30_000);
    this.ready = this.#readiness.promise;
    this.#queue = options.onMessage === undefined ? this.#makeQueue() : undefined;
    const deliver = options.onMessage ?? ((message: Message, size: number) => this.#queue?.push(message, size));
    this.#decoder = new MessageDecoder({
      version: options.version,
      maxLineBytes: options.maxLineBytes,
      receive: (message, size) => {
        if (!this.#readiness.settled || message.type === "unparsed") this.#inspect(message);
        deliver(message, size);
      },
      onAttachedNotice: () => this.#readiness.ready("notice"),
    });
    this.#stderr = new StderrLog({
      keepLines: options.keepStderrLines ?? 200,
      onLine: (line, kind) => {
        if (kind === "attachedNotice") this.#readiness.ready("notice");
        options.onStderr?.(line, kind);
      },
    });
    // detached: a session of its own, so that a terminal's Ctrl-C reaches us and not bpftrace: we stop and drain it.
    this.#child = spawn(command.file, command.args, { env, detached: true, stdio: ["pipe", "pipe", "pipe"] });
    this.exited = this.#run();
    this.#followSignal(options.signal);
  }

  /** Undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What bpftrace says it has attached, or (up to 0.23) is about to. */
  get probes(): number | undefined {
    return this.#probes;
  }

  /** What was read so far; `pauses` is how often a slow reader of `messages()` made us stop reading. */
  get counters(): Readonly<DecoderCounters> & { readonly stderrLines: number; readonly pauses: number } {
    return { ...this.#decoder.counters, stderrLines: this.#stderr.lineCount, pauses: this.#pauses };
  }

  /**
   * The messages one by one, for as long as bpftrace runs and until the last one is read. A slow reader costs bounded
   * memory: over the queue's bounds the pipe is no longer read, so bpftrace waits, and what then overflows its own
   * buffer it reports as lost_events. Leaving the loop pauses it the same way; it does not stop bpftrace.
   *
   * @throws Error when `onMessage` was given
   */
  messages(): AsyncGenerator<Message, void, undefined> {
    if (this.#queue === undefined) throw new Error("The messages go to onMessage; messages() is for use without it.");
    return this.#queue.read();
  }

  /**
   * Ends bpftrace with SIGINT: END runs, maps print, and all of it is still delivered; events that bpftrace had not yet
   * taken from the kernel's buffer are discarded by bpftrace and not counted as lost. If that takes too long, SIGTERM,
   * then SIGKILL. Calling it again changes nothing: a second SIGINT while maps print would abort bpftrace.
   */
  stop(options: StopOptions = {}): Promise<Exit> {
    this.#stopping ??= this.#stop(options);
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop({ timeoutMs = 10_000, killAfterMs = 2000 }: StopOptions): Promise<Exit> {
    // What bpftrace prints from now on is bounded by its maps, and it could not end while nobody reads.
    this.#readOn();
    this.#child.kill("SIGINT");
    const force = (signal: NodeJS.Signals) => {
      this.#forced = true;
      this.#child.kill(signal);
    };
    const terminate = setTimeout(force, timeoutMs, "SIGTERM");
    const kill = setTimeout(force, timeoutMs + killAfterMs, "SIGKILL");
    const bytesRead = () => this.#decoder.counters.bytes;
    const unwatch = watchForMissedSignal(this.#child.pid ?? 0, bytesRead, () => this.#child.kill("SIGTERM"));
    const exit = await this.exited;
    unwatch();
    clearTimeout(terminate);
    clearTimeout(kill);
    return exit;
  }

  #makeQueue(): MessageQueue {
    const { maxQueuedMessages = 10_000, maxQueuedBytes = 8 * 1024 * 1024 } = this.#options;
    return new MessageQueue({ maxMessages: maxQueuedMessages, maxSize: maxQueuedBytes }, (full) => {
      if (!this.#mayPause) return;
      if (full) {
        this.#pauses++;
        this.#child.stdout.pause();
      } else {
        this.#child.stdout.resume();
      }
    });
  }

  #readOn(): void {
    this.#mayPause = false;
    this.#child.stdout.resume();
  }

  #inspect(message: Message): void {
    // Some complaints ("No probes to attach") come as plain text on stdout.
    if (message.type === "unparsed" && !message.line.startsWith("{")) this.#stderr.add(message.line);
    if (message.type === "attached_probes") {
      this.#probes = message.probes;
      // Before 0.24 it is sent before attaching.
      if (compareToRelease(this.#options.version, { major: 0, minor: 24 }) >= 0)
        this.#readiness.ready("attachedProbes");
    }
    if (!this.#readiness.settled && this.#options.isTick?.(message)) this.#readiness.ready("tick");
  }

  #followSignal(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    const stop = () => void this.stop();
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    void this.exited.then(() => signal.removeEventListener("abort", stop));
  }

  async #run(): Promise<Exit> {
    const child = this.#child;
    // bpftrace that ends before it has read its program breaks this pipe; its exit tells why.
    child.stdin.on("error", () => {});
    child.stdin.end(this.#options.program);
    child.stdout.on("data", (chunk: Buffer) => this.#decoder.push(chunk));
    child.stdout.on("end", () => this.#decoder.end());
    child.stderr.on("data", (chunk: Buffer) => this.#stderr.push(chunk));
    child.stderr.on("end", () => this.#stderr.end());
    // What is left then is at most what the pipe holds; and a paused pipe would never end.
    const { code, signal, spawnError } = await childEnd(child, () => this.#readOn());
    this.#queue?.close();
    const { firstOf, lines, lostEventsReported } = this.#stderr;
    const stop = this.#forced ? "forced" : this.#stopping === undefined ? "none" : "asked";
    const exit: Exit = {
      ...explainExit({ code, signal, spawnError, stop, firstOf }),
      code,
      signal,
      stderr: lines,
      ...(lostEventsReported !== undefined && { lostEventsReported }),
    };
    this.#readiness.failed(exit);
    return exit;
  }
}
