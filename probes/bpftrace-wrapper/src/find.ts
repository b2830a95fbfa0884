import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { type BpftraceVersion, compareToRelease, OLDEST_SUPPORTED, parseVersion } from "./version.ts";

/** What `findBpftrace` learned. `message` says what happened, why, and what to do next. */
export type Finding =
  | { readonly kind: "found"; readonly path: string; readonly version: BpftraceVersion }
  | { readonly kind: "missing"; readonly searched: readonly string[]; readonly message: string }
  | { readonly kind: "notExecutable"; readonly path: string; readonly message: string }
  | { readonly kind: "notBpftrace"; readonly path: string; readonly output: string; readonly message: string }
  | { readonly kind: "tooOld"; readonly path: string; readonly version: BpftraceVersion; readonly message: string }
  | { readonly kind: "timedOut"; readonly path: string; readonly message: string };

export interface FindOptions {
  /** This file and no other; before it counts `BPFTRACE` of the environment, after it the search. */
  readonly path?: string | undefined;
  /** Where `BPFTRACE` and `PATH` are read from; default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** How long `--version` may take, in milliseconds; default 60 000 (bpftrace loads LLVM first). */
  readonly timeoutMs?: number;
}

/** Searched after PATH: a root shell from cron, sudo or systemd often has a short PATH. */
const USUAL_FOLDERS = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/sbin"];

/**
 * Finds a bpftrace that this package can run: the given path, else `BPFTRACE` of the environment, else the first one on
 * PATH and in the usual folders. A path that was named is never silently replaced by another one.
 * Runs `<path> --version`. Never throws: each way to fail is a `kind`.
 */
export async function findBpftrace(options: FindOptions = {}): Promise<Finding> {
  const env = options.env ?? process.env;
  const named = options.path ?? (env.BPFTRACE || undefined);
  if (named !== undefined) {
    const path = resolve(named);
    return (await isFile(path)) ? check(path, env, options.timeoutMs) : missing([path], named);
  }
  // A relative or empty PATH entry means the current folder: never run a stranger's file as root.
  const onPath = (env.PATH ?? "").split(delimiter).filter((folder) => folder.startsWith("/"));
  const candidates = [...new Set([...onPath, ...USUAL_FOLDERS])].map((folder) => join(folder, "bpftrace"));
  let firstRefused: string | undefined;
  for (const path of candidates) {
    if (!(await isFile(path))) continue;
    if (await isExecutable(path)) return check(path, env, options.timeoutMs);
    firstRefused ??= path;
  }
  return firstRefused === undefined ? missing(candidates) : notExecutable(firstRefused);
}

/** Usually 50 ms. Whoever gives up shows nothing that probes see, for good: a machine may well be that busy for a while. */
const versionPatienceMs = 60_000;

async function check(path: string, env: FindOptions["env"], timeoutMs = versionPatienceMs): Promise<Finding> {
  if (!(await isExecutable(path))) return notExecutable(path);
  const run = await runVersion(path, env, timeoutMs);
  if (run.timedOut) {
    const message = `${path} --version did not answer within ${timeoutMs} ms. It may hang on a slow or broken file system; run it by hand to see.`;
    return { kind: "timedOut", path, message };
  }
  if (run.refused) return notExecutable(path);
  const version = parseVersion(run.output);
  if (version === undefined) {
    const output = run.output.slice(0, 500);
    const message = `${path} --version did not print a bpftrace version but ${JSON.stringify(output)}. It is another program or a broken installation; name the right one with BPFTRACE=/path/to/bpftrace.`;
    return { kind: "notBpftrace", path, output, message };
  }
  if (compareToRelease(version, OLDEST_SUPPORTED) < 0) {
    const oldest = `${OLDEST_SUPPORTED.major}.${OLDEST_SUPPORTED.minor}`;
    const message = `${path} is bpftrace ${version.text}; ${oldest} or later is needed, as earlier ones print other messages. Install a newer one, or name one with BPFTRACE=/path/to/bpftrace.`;
    return { kind: "tooOld", path, version, message };
  }
  return { kind: "found", path, version };
}

interface VersionRun {
  readonly output: string;
  readonly timedOut: boolean;
  readonly refused: boolean;
}

function runVersion(path: string, env: FindOptions["env"], timeoutMs: number): Promise<VersionRun> {
  return new Promise((done) => {
    const options = { env: { ...env }, timeout: timeoutMs, killSignal: "SIGKILL" as const, maxBuffer: 64 * 1024 };
    execFile(path, ["--version"], options, (error, stdout, stderr) => {
      const code = error?.code;
      done({
        output: stdout.trim() === "" ? stderr : stdout,
        // execFile kills for a full buffer too; that is garbage, not slowness.
        timedOut: error?.killed === true && code !== "ERR_CHILD_PROCESS_STDIO_MAXBUFFER",
        refused: String(code) === "EACCES" || String(code) === "ENOENT",
      });
    }).stdin?.end();
  });
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  );
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function missing(searched: readonly string[], named?: string): Finding {
  const message =
    named === undefined
      ? `bpftrace was not found on PATH nor in ${USUAL_FOLDERS.join(", ")}. Install it (Debian, Ubuntu: apt install bpftrace; Fedora: dnf install bpftrace), or name it with BPFTRACE=/path/to/bpftrace.`
      : `There is no file ${named}. Correct the path, or leave it out to search PATH.`;
  return { kind: "missing", searched, message };
}

function notExecutable(path: string): Finding {
  const message = `${path} exists but cannot be run (no execute permission, no interpreter, or a noexec mount). Correct that (chmod +x), or name another one with BPFTRACE=/path/to/bpftrace.`;
  return { kind: "notExecutable", path, message };
}
