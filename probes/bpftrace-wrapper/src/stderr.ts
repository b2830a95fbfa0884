import { ATTACHED_NOTICE } from "./decoder.ts";
import { LineSplitter } from "./line-splitter.ts";

/**
 * What a line of bpftrace's own complaints is about. The texts were seen on 0.17.0, 0.23.2 and 0.27.1, or are in the
 * source of one of them (src/bpftrace.cpp, src/attached_probe.cpp, src/log.h, src/btf.cpp, src/run_bpftrace.cpp).
 */
export type StderrKind =
  | "attachedNotice"
  | "harmless"
  | "warning"
  | "spawnFailed"
  | "notPermitted"
  | "kernelLacks"
  | "probeMissing"
  | "attachFailed"
  | "clangError"
  | "scriptError"
  | "mapFailed"
  | "loadFailed"
  | "error"
  | "text";

// The first match counts: a program position (stdin:1:1-17: ERROR:) also begins lines about the kernel and its probes.
const KINDS: readonly (readonly [StderrKind, RegExp])[] = [
  ["attachedNotice", new RegExp(`^${ATTACHED_NOTICE}$`)],
  // "ERROR" on 0.17, "WARNING" later; since Linux 5.11 that limit does not matter to BPF.
  ["harmless", /couldn't set RLIMIT_|Addrspace is not set|is deprecated\. Use BPFTRACE_|Could not read functions from/],
  // bpftrace is started through setpriv (see orphan-guard.ts), which then complains in its stead.
  ["spawnFailed", /^setpriv: failed to execute /],
  ["warning", /^(?:\S+: )?WARNING: /],
  [
    "notPermitted",
    /only supports running as the root user|Missing CAP_\w+ capability|[Oo]peration not permitted|[Pp]ermission denied/,
  ],
  [
    "kernelLacks",
    /not available for your kernel|BTF data not available|BTF: failed|[Nn]o BTF|not supported by the kernel/,
  ],
  ["probeMissing", /tracepoints? not found|No matches for |has no valid attach points|No probes to attach/],
  [
    "attachFailed",
    /Error attaching probe|Unable to attach|[Ff]ailed to attach|could not attach probe|Attachment failed|Can't attach to/,
  ],
  ["clangError", /^definitions\.h:|: error: |[Cc]lang (?:parse )?error|Include headers with missing type definitions/],
  ["scriptError", /^\S+:\d[\d:-]*: (?:ERROR|FATAL): /],
  ["mapFailed", /failed to create +map|Creation of the required BPF maps|Cannot allocate memory|bad_alloc/],
  ["loadFailed", /Error loading (?:BPF )?program|BPF object load failure|Loading BPF object|verifier/],
  ["error", /^(?:ERROR|FATAL|BUG): |^terminate called/],
];

/** Says what a line of stderr is about; `text` is anything else, such as the source line under an error. */
export function classifyStderr(line: string): StderrKind {
  return KINDS.find(([, pattern]) => pattern.test(line))?.[0] ?? "text";
}

const TOTAL_LOST = /^WARNING: Total lost event count: (\d{1,15})$/;
const LONGEST_LINE = 64 * 1024;

export interface StderrOptions {
  /** How many of the last lines are kept. */
  readonly keepLines: number;
  readonly onLine: (line: string, kind: StderrKind) => void;
}

/** Reads stderr line by line, keeps the last ones, and the first one of each kind whatever came later. */
export class StderrLog {
  readonly firstOf = new Map<StderrKind, string>();
  /** The total that bpftrace itself names at exit (newer releases, when it is not 0). */
  lostEventsReported: number | undefined;
  lineCount = 0;
  readonly #lines: string[] = [];
  readonly #options: StderrOptions;
  readonly #splitter: LineSplitter;

  constructor(options: StderrOptions) {
    this.#options = options;
    this.#splitter = new LineSplitter(LONGEST_LINE, {
      lines: (text) => {
        for (const line of text.split("\n")) this.add(line);
      },
      overlong: (bytes) => this.add(`(a line of ${bytes} bytes was left out)`),
    });
  }

  push(chunk: Buffer): void {
    this.#splitter.push(chunk);
  }

  end(): void {
    this.add(this.#splitter.end());
  }

  /** Takes a line in; also for complaints that bpftrace prints on stdout ("No probes to attach"). */
  add(line: string): void {
    if (line === "") return;
    this.lineCount++;
    const kind = classifyStderr(line);
    const total = TOTAL_LOST.exec(line)?.[1];
    if (total !== undefined) this.lostEventsReported = Number(total);
    if (!this.firstOf.has(kind)) this.firstOf.set(kind, line);
    if (kind !== "attachedNotice") this.#keep(line);
    this.#options.onLine(line, kind);
  }

  /** The last lines, oldest first. */
  get lines(): readonly string[] {
    return this.#lines.slice(-this.#options.keepLines);
  }

  #keep(line: string): void {
    this.#lines.push(line);
    // Cut back now and then: shifting on each line would make a long log quadratic.
    if (this.#lines.length >= 2 * this.#options.keepLines) this.#lines.splice(0, this.#options.keepLines);
  }
}
