import type { StderrKind } from "./stderr.ts";

/**
 * Why bpftrace ended.
 * - `stopped`: as asked by `stop()`; END has run, maps were printed.
 * - `stopTimedOut`: as asked, but only after SIGTERM or SIGKILL; output may be missing.
 * - `programExit`: by itself with status 0: exit(), or another's SIGINT or SIGTERM (they look the same from outside).
 * - `exitCode`: by itself with another status and no complaint: exit(n) of 0.21 and later.
 * - `killed`: by a signal that was not ours (the OOM killer's is SIGKILL). `readerGone`: by SIGPIPE.
 * - `crashed`: SIGSEGV, SIGABRT and the like.
 * - `spawnFailed`: it could not be started at all.
 * - the others: it gave up; see `message`.
 */
export type ExitCause =
  | "stopped"
  | "stopTimedOut"
  | "programExit"
  | "exitCode"
  | "killed"
  | "readerGone"
  | "crashed"
  | "spawnFailed"
  | Complaint;

type Complaint =
  | "notPermitted"
  | "kernelLacks"
  | "probeMissing"
  | "attachFailed"
  | "clangError"
  | "scriptError"
  | "mapFailed"
  | "loadFailed"
  | "error";

export interface Exit {
  readonly cause: ExitCause;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What happened, why, and what to do next; may quote bpftrace, so treat it as untrusted text. */
  readonly message: string;
  /** The last lines of stderr. */
  readonly stderr: readonly string[];
  /** The total of lost events that bpftrace itself named at exit, if it did: compare with `counters.lostEvents`. */
  readonly lostEventsReported?: number;
}

/** What is known when bpftrace has ended. */
export interface ExitFacts {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly spawnError: Error | undefined;
  readonly stop: "none" | "asked" | "forced";
  readonly firstOf: ReadonlyMap<StderrKind, string>;
}

// By how much a complaint explains: a missing right also shows as a failed map, a missing probe as a failed attach.
const COMPLAINTS: readonly (readonly [Complaint, string])[] = [
  [
    "notPermitted",
    "bpftrace was refused by the kernel. Run as root with CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN, outside an unprivileged container, and without kernel lockdown (confidentiality).",
  ],
  [
    "kernelLacks",
    "This kernel or this bpftrace lacks what the program uses. Use another probe type, or a kernel with it.",
  ],
  ["probeMissing", "The program names a probe that this kernel does not have. Look for it with bpftrace -l."],
  ["attachFailed", "A probe could not be attached; bpftrace then attaches none. Leave that probe out or use another."],
  ["clangError", "The program's C definitions did not compile. Correct them, or install BTF or kernel headers."],
  ["scriptError", "The program is not valid for this release of bpftrace. Correct it at the named place."],
  [
    "mapFailed",
    "The kernel refused to create a map: too big, or no memory. Lower maxMapKeys or raise the memory limit of the cgroup.",
  ],
  [
    "loadFailed",
    "The kernel refused to load the program. Make it smaller, or run it with -v to read the verifier's log.",
  ],
  ["error", "bpftrace reported an error."],
];

const CRASHES = new Set<NodeJS.Signals>(["SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS"]);

/** Names the cause of an exit, and explains it. */
export function explainExit(facts: ExitFacts): { readonly cause: ExitCause; readonly message: string } {
  const { code, signal, spawnError, stop, firstOf } = facts;
  const spawnFailure = spawnError?.message ?? firstOf.get("spawnFailed");
  if (spawnFailure !== undefined) {
    const message = `bpftrace could not be started: ${spawnFailure}. Look for it with findBpftrace().`;
    return { cause: "spawnFailed", message };
  }
  if (stop === "forced") {
    const message = "bpftrace did not end in time after SIGINT and was forced to; its last output may be missing.";
    return { cause: "stopTimedOut", message };
  }
  const clean = code === 0 || (stop === "asked" && signal === "SIGINT");
  if (!clean) {
    if (signal !== null) return explainSignal(signal);
    const complaint = COMPLAINTS.find(([kind]) => firstOf.has(kind));
    if (complaint !== undefined) {
      const [cause, explanation] = complaint;
      return { cause, message: `${explanation} bpftrace said: ${firstOf.get(cause)}` };
    }
  }
  // Stopped while it was attaching, it ends with another status than 0 and without a complaint.
  if (stop === "asked") return { cause: "stopped", message: "bpftrace was stopped as asked." };
  if (clean) return { cause: "programExit", message: "bpftrace ended by itself: exit(), or a signal from elsewhere." };
  return { cause: "exitCode", message: `bpftrace ended by itself with status ${code} and said nothing about it.` };
}

function explainSignal(signal: NodeJS.Signals): { cause: ExitCause; message: string } {
  if (signal === "SIGPIPE") {
    return { cause: "readerGone", message: "bpftrace ended because its output could no longer be written (SIGPIPE)." };
  }
  if (CRASHES.has(signal)) {
    const message = `bpftrace crashed (${signal}). Try another release; a smaller program shows which part does it.`;
    return { cause: "crashed", message };
  }
  const message = `bpftrace was killed from outside (${signal}); SIGKILL is often the OOM killer. What it counted is lost.`;
  return { cause: "killed", message };
}
