import type { BpftraceLimits } from "./environment.ts";
import type { Message } from "./messages.ts";
import type { StderrKind } from "./stderr.ts";
import type { BpftraceVersion } from "./version.ts";

export interface StartOptions {
  /** As found by `findBpftrace`. */
  readonly path: string;
  readonly version: BpftraceVersion;
  /** The program's text. It is sent on stdin, so it shows in no process list and needs no file. */
  readonly program: string;
  /** More arguments, before `-f json -`; such as `["-k"]`. */
  readonly args?: readonly string[];
  readonly limits?: BpftraceLimits;
  /** The environment of bpftrace; default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /**
   * Called for each message as soon as it is read, with the length of its line: the fast way. A callback that throws is
   * treated like any event handler that throws (an uncaught exception). Without it, read `messages()`.
   */
  readonly onMessage?: (message: Message, size: number) => void;
  /** Called for each line of stderr. */
  readonly onStderr?: (line: string, kind: StderrKind) => void;
  /** Recognises a message that can only come when all is attached, such as one of an `interval` probe. */
  readonly isTick?: (message: Message) => boolean;
  /** After how long `ready` settles as timedOut, in milliseconds; default 30 000. */
  readonly readyTimeoutMs?: number;
  /** Longer lines are skipped and counted; default 16 MiB. */
  readonly maxLineBytes?: number;
  /** With `messages()`: how many may wait before the pipe is no longer read; default 10 000. */
  readonly maxQueuedMessages?: number;
  /** With `messages()`: the same for the sum of the lengths of their lines; default 8 MiB. */
  readonly maxQueuedBytes?: number;
  /** How many of the last lines of stderr are kept; default 200. */
  readonly keepStderrLines?: number;
  /** Aborting it is `stop()`. */
  readonly signal?: AbortSignal;
}

export interface StopOptions {
  /** How long END and the printing of the maps may take after SIGINT, in milliseconds; default 10 000. */
  readonly timeoutMs?: number;
  /** How long after SIGTERM, before SIGKILL, in milliseconds; default 2000. */
  readonly killAfterMs?: number;
}
