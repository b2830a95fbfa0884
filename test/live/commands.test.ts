/** The built commands on this machine: how they begin, end, and treat those who read them. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import type { Snapshot } from "../../collector/snapshot.ts";
import { childrenOf } from "../processes.mjs";

const cli = join(import.meta.dirname, "../../dist/tui/cli.js");
const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
});

/** Standard output is a pipe that nobody reads until the test does. */
function start(...words: string[]) {
  const child = spawn(process.execPath, [cli, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const said = { stderr: "" };
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said.stderr += text;
  });
  const ended = once(child, "close").then(([status, signal]) => ({ status, signal, stderr: said.stderr }));
  return { child, ended };
}

function run(...words: string[]) {
  return spawnSync(process.execPath, [cli, ...words], { encoding: "utf8", timeout: 60_000 });
}

/** Processes whose parent is `pid`: a bpftrace that is still running would be one. */
const alive = (pid: number) => {
  try {
    // A process that ended and was not waited for yet is not alive.
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited a minute in vain: ${what}`);
    await sleep(50);
  }
}

describe("watch", () => {
  test("--once prints one block and ends with 0", () => {
    const { status, stdout } = run("watch", "--once");
    expect(status).toBe(0);
    expect(stdout.match(/^direct map /gm)).toHaveLength(1);
    expect(stdout).toMatch(/^evidence /m);
  });

  test("--json prints one object a line, each newer than the one before", () => {
    const { status, stdout } = run("watch", "--json", "--interval", "200ms", "--for", "1500ms");
    expect(status).toBe(0);
    const snapshots = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Snapshot);
    expect(snapshots.length).toBeGreaterThan(2);
    const times = snapshots.map(({ monotonicNs }) => BigInt(monotonicNs));
    expect(times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0n))).toBe(true);
  });

  test("blocks in a pipe are separated by an empty line", () => {
    const { stdout } = run("watch", "--interval", "200ms", "--for", "1s");
    expect(stdout.split("\n\n").length).toBe(stdout.match(/^direct map /gm)?.length);
  });

  test.each(["SIGINT", "SIGTERM"] as const)("%s: a last snapshot, no bpftrace left, status 0", async (signal) => {
    const { child, ended } = start("watch", "--json", "--interval", "200ms");
    let text = "";
    await new Promise<void>((resolve) => {
      child.stdout.setEncoding("utf8").on("data", (more: string) => {
        text += more;
        if (text.split("\n").length > 3) resolve();
      });
    });
    const started = childrenOf(child.pid);
    child.kill(signal);
    expect(await ended).toMatchObject({ status: 0, signal: null });
    expect(text.endsWith("}\n")).toBe(true);
    expect(started.filter(alive)).toEqual([]);
  });

  test("SIGKILL: it cannot stop its bpftrace any more, and none is left all the same", async () => {
    const { child, ended } = start("watch", "--interval", "200ms");
    await once(child.stdout, "data");
    const started = childrenOf(child.pid);
    expect(started.filter(alive)).not.toEqual([]);
    child.kill("SIGKILL");
    await ended;
    await until("bpftrace is gone", async () => !started.some(alive));
  });

  test("a reader that leaves ends it quietly with 0", async () => {
    const { child, ended } = start("watch", "--interval", "100ms");
    await once(child.stdout, "data");
    child.stdout.destroy();
    const { status, stderr } = await ended;
    expect(status).toBe(0);
    expect(stderr).not.toMatch(/EPIPE|something went wrong/);
  });

  test("a reader that sleeps: nothing piles up, the probes stop when asked, and a second signal ends it", async () => {
    // Open for reading too, so that it neither blocks nor breaks; nobody reads.
    const fifo = join(mkdtempSync(join(tmpdir(), "secretscope-fifo-")), "fifo");
    spawnSync("mkfifo", [fifo]);
    const sink = openSync(fifo, "r+");
    const child = spawn(process.execPath, [cli, "watch", "--json", "--interval", "100ms"], {
      stdio: ["ignore", sink, "ignore"],
    });
    running.add(child);
    const ended = once(child, "close");
    const written = () => Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${child.pid}/io`, "utf8"))?.[1]);
    // A pipe holds 64 KiB. Ten intervals without a snapshot's worth of writing: it is full.
    await until("the pipe is full", async () => {
      const before = written();
      await sleep(1000);
      return before > 40_000 && written() - before < 500;
    });
    const probes = childrenOf(child.pid);
    child.kill("SIGTERM");
    await until("the probes have stopped", async () => !probes.some(alive));
    child.kill("SIGTERM");
    expect(await ended).toEqual([143, null]);
    closeSync(sink);
    rmSync(join(fifo, ".."), { recursive: true });
  });

  test("a full disk is one line and status 2", () => {
    const { status, stderr } = spawnSync(
      "sh",
      ["-c", `exec "${process.execPath}" "${cli}" watch --once --route procfs > /dev/full`],
      {
        encoding: "utf8",
      },
    );
    expect(stderr).toMatch(/^secretscope: cannot write the output: .*ENOSPC.*; make room/m);
    expect(status).toBe(2);
  });
});

test.each(["missing", "not executable", "garbage"])(
  "a bpftrace that is %s: a line, no stack trace, status 2",
  (kind) => {
    const path =
      { missing: "/nonexistent/bpftrace", "not executable": "/etc/passwd", garbage: "/bin/true" }[kind] ?? "";
    const { status, stderr } = run("watch", "--once", "--route", "tracepoint", "--bpftrace", path);
    expect(stderr).toMatch(/^secretscope: .+; .+$/m);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(status).toBe(2);
  },
);

test("who --json is a part of the contract, and its status says whether somebody holds some", () => {
  const { status, stdout } = run("who", "--json");
  const data = JSON.parse(stdout) as Pick<Snapshot, "secret">;
  expect(Object.keys(data)).toEqual(["schema", "time", "host", "evidence", "secret", "hibernation"]);
  expect(status).toBe(data.secret.holders.length > 0 ? 1 : 0);
});

test("splits adds up", () => {
  const { status, stdout } = run("splits", "--for", "1s");
  expect([0, 1]).toContain(status);
  const [, attributed, unattributed, moved] =
    /^balance +([\d,]+) attributed \+ ([\d,]+) unattributed = ([\d,]+)/m.exec(stdout) ?? [];
  const number = (text: string | undefined) => Number(text?.replaceAll(",", ""));
  expect(number(attributed) + number(unattributed)).toBe(number(moved));
});

test("doctor names a route or a reason for every fact", () => {
  const { status, stdout } = run("doctor", "--json");
  const { facts } = JSON.parse(stdout) as {
    facts: { route: string | null; reason: string | null; remedy: string | null }[];
  };
  expect(facts.length).toBeGreaterThan(5);
  for (const { route, reason, remedy } of facts) expect(route ?? (reason && remedy)).toBeTruthy();
  expect([0, 1]).toContain(status);
});
