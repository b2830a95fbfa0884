import { describe, expect, test } from "vitest";
import { explainExit } from "../../../probes/bpftrace-wrapper/src/exit.ts";
import { classifyStderr } from "../../../probes/bpftrace-wrapper/src/index.ts";
import { StderrLog } from "../../../probes/bpftrace-wrapper/src/stderr.ts";

/** The exit of a bpftrace that wrote these lines. */
function exitAfter(stderr: string, facts: Partial<Parameters<typeof explainExit>[0]> = {}) {
  const log = new StderrLog({ keepLines: 200, onLine: () => {} });
  log.push(Buffer.from(stderr));
  log.end();
  return explainExit({ code: 1, signal: null, spawnError: undefined, stop: "none", firstOf: log.firstOf, ...facts });
}

describe("lines of stderr", () => {
  // Each was printed by the release that is named.
  test.each([
    ["0.17", "ERROR: Unknown error -1: couldn't set RLIMIT_MEMLOCK for bpftrace. If your program …", "harmless"],
    ["0.23", "WARNING: Unknown error -1: couldn't set RLIMIT_MEMLOCK for bpftrace. If your program …", "harmless"],
    ["0.23", "WARNING: BPFTRACE_MAP_KEYS_MAX is deprecated. Use BPFTRACE_MAX_MAP_KEYS instead.", "harmless"],
    ["0.27", "WARNING: Could not read functions from /sys/kernel/tracing/available_filter_functions. If …", "harmless"],
    ["0.17", "__BPFTRACE_NOTIFY_PROBES_ATTACHED", "attachedNotice"],
    ["0.27", "stdin:1:46-54: WARNING: Unnecessary cast: expression is already of type uint64", "warning"],
    ["0.27", "WARNING: Total lost event count: 2082650", "warning"],
    ["0.17", "ERROR: bpftrace currently only supports running as the root user.", "notPermitted"],
    ["0.27", "ERROR: Missing CAP_BPF capability, please run bpftrace as the root user.", "notPermitted"],
    ["0.17", "ERROR: failed to create map: '@': Operation not permitted", "notPermitted"],
    ["0.17", "ERROR: failed to create map: '@a': Argument list too long", "mapFailed"],
    ["0.17", "stdin:1:1-17: ERROR: kfunc/kretfunc not available for your kernel version.", "kernelLacks"],
    ["0.23", "stdin:1:1-17: ERROR: fentry/fexit not available for your kernel version.", "kernelLacks"],
    ["0.17", "stdin:1:1-19: ERROR: tracepoint not found: foo:bar", "probeMissing"],
    ["0.17", "stdin:1:1-20: ERROR: tracepoints not found: foo*:bar", "probeMissing"],
    ["0.27", "stdin:1:1-16: ERROR: No matches for kprobe vfs_read.", "probeMissing"],
    ["0.27", "stdin:1:1-20: ERROR: Probe has no valid attach points. If this is expected, set …", "probeMissing"],
    ["0.17", "ERROR: Error attaching probe: 'kprobe:vfs_read'", "attachFailed"],
    ["0.27", "ERROR: Unable to attach probe: kprobe:x. If this is expected, set …", "attachFailed"],
    ["0.17", "definitions.h:2:21: error: unknown type name 'nope'", "clangError"],
    ["0.17", "stdin:1:11-12: ERROR: syntax error, unexpected =, expecting }", "scriptError"],
    ["0.27", "stdin:2:1-1: ERROR: syntax: expected ';'", "scriptError"],
    ["0.17", "stdin:1:17-24: ERROR: Type mismatch for '+': comparing 'string[2]' with 'int64'", "scriptError"],
    ["0.17", "ERROR: Error loading program: BEGIN (try -v)", "loadFailed"],
    ["0.27", 'ERROR: Unknown BPF object load failure. Try using the "-d libbpf" option …', "loadFailed"],
    ["0.17", "~~~~~~~~~~~~~~~", "text"],
  ])("%s: %s", (_, line, kind) => {
    expect(classifyStderr(line)).toBe(kind);
  });

  test("the last ones are kept, and the first of a kind whatever came later", () => {
    const log = new StderrLog({ keepLines: 10, onLine: () => {} });
    log.push(Buffer.from("stdin:1:1-2: ERROR: tracepoint not found: a:b\n"));
    for (let line = 0; line < 1000; line++) log.push(Buffer.from(`line ${line}\n`));
    expect(log.lines).toEqual(Array.from({ length: 10 }, (_, index) => `line ${990 + index}`));
    expect(log.firstOf.get("probeMissing")).toContain("a:b");
    expect(log.lineCount).toBe(1001);
  });

  test("the total of lost events that bpftrace names is read", () => {
    const log = new StderrLog({ keepLines: 10, onLine: () => {} });
    log.push(Buffer.from("WARNING: Total lost event count: 2082650\n"));
    expect(log.lostEventsReported).toBe(2_082_650);
  });
});

describe("causes", () => {
  test("the complaint that explains most is the cause", () => {
    const stderr =
      "ERROR: failed to create map: '@': Operation not permitted\nCreation of the required BPF maps has failed.\n";
    expect(exitAfter(stderr).cause).toBe("notPermitted");
    const attach =
      "stdin:1:1-16: WARNING: vfs_read is not traceable\nERROR: Error attaching probe: 'kprobe:vfs_read'\n";
    expect(exitAfter(attach, { code: 255 })).toEqual({
      cause: "attachFailed",
      message: expect.stringContaining("'kprobe:vfs_read'"),
    });
  });

  test("a harmless ERROR is no cause", () => {
    const stderr = "ERROR: Unknown error -1: couldn't set RLIMIT_MEMLOCK for bpftrace.\n";
    expect(exitAfter(stderr, { code: 0 }).cause).toBe("programExit");
    expect(exitAfter(stderr, { code: 7 }).cause).toBe("exitCode");
    expect(exitAfter(stderr, { code: 255, stop: "asked" }).cause).toBe("stopped");
  });

  test.each([
    [{ code: 0, stop: "asked" }, "stopped"],
    [{ code: null, signal: "SIGINT", stop: "asked" }, "stopped"],
    [{ code: 0, stop: "forced" }, "stopTimedOut"],
    [{ code: null, signal: "SIGKILL", stop: "forced" }, "stopTimedOut"],
    [{ code: 0 }, "programExit"],
    [{ code: null, signal: "SIGKILL" }, "killed"],
    [{ code: null, signal: "SIGKILL", stop: "asked" }, "killed"],
    [{ code: null, signal: "SIGPIPE" }, "readerGone"],
    [{ code: null, signal: "SIGSEGV" }, "crashed"],
    [{ code: null, spawnError: new Error("spawn ENOENT") }, "spawnFailed"],
  ] as const)("%o is %s", (facts, cause) => {
    expect(exitAfter("", facts).cause).toBe(cause);
  });

  test("setpriv that cannot execute bpftrace means that bpftrace could not be started", () => {
    const stderr = "setpriv: failed to execute /x/bpftrace: Permission denied\n";
    expect(exitAfter(stderr, { code: 126 }).cause).toBe("spawnFailed");
  });
});
