/** Recording as a person does it: in a terminal, ended by Ctrl-C or by signals, into several files; then played again. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { Workload, workload } from "../truth/workload.ts";
import { below, Pane } from "./pane.ts";

const cli = join(import.meta.dirname, "../../dist/tui/cli.js");
const run = (...words: string[]) => spawnSync(process.execPath, [cli, ...words], { encoding: "utf8", timeout: 60_000 });
const pageBytes = 4096;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "secretscope-record-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

async function until(what: string, holds: () => boolean, withinMs = 60_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(50);
  }
}

/** Not the short ones that are asked for their version. */
const probesOf = (child: ChildProcess) =>
  below(child.pid ?? 0).filter(({ pid }) => /bpftrace\0.*\0-f\0json\0/s.test(commandLine(pid)));

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** One that has begun to write. */
async function recording(...more: string[]): Promise<{ child: ChildProcess; path: string; said: Promise<string> }> {
  const path = join(folder, "t.arrows");
  const words = ["record", "-o", path, "--interval", "200ms", ...more];
  const child = spawn(process.execPath, [cli, ...words], { stdio: ["ignore", "ignore", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const said = child.stderr === null ? Promise.resolve("") : text(child.stderr);
  await until("something is in the file", () =>
    readdirSync(folder).some((name) => statSync(join(folder, name)).size > 0),
  );
  return { child, path, said };
}

test("in a terminal: the line that says how it goes, Ctrl-C, and the dashboard with the same figures", async () => {
  const pane = new Pane(160, 40);
  onTestFinished(() => pane.end());
  await pane.shows(/^\$ ?$/m);
  pane.run(`cd ${folder}; node ${cli} record -o t.arrows --interval 200ms; echo "status $?"`);
  const line =
    /^recording t\.arrows: (\d+ s|[\d.]+ s|\d+ ms), [\d.]+ [KM]iB, ([\d,]+) events, 0 lost \(Ctrl-C ends it\)/m;
  const eventsIn = (screen: string) => Number(line.exec(screen)?.[2]?.replaceAll(",", ""));
  const first = eventsIn(await pane.shows(line));
  const worker = await workload();
  await worker.rename("end-to-end");
  await worker.secret(512, 300);
  // It grew after the pages were touched: two turns of the line later they are read.
  await pane.until("more events", () => eventsIn(pane.text()) > first + 20);
  await sleep(1000);
  pane.keys("C-c");
  const ended = await pane.shows(/^status \d+$/m);
  expect(ended).toMatch(
    /^secretscope: recorded [\d.]+ m?s to t\.arrows: [\d.]+ [KM]iB, [\d,]+ events, 0 lost\nstatus 0$/m,
  );
  expect(below(pane.shell())).toEqual([]);

  pane.run(`clear; node ${cli} replay t.arrows; echo "status $?"`);
  await pane.shows(/secretscope REPLAY[\s\S]* playing +1x /);
  pane.keys("$");
  const screen = await pane.shows(/ at end +1x /);
  expect(screen).toMatch(new RegExp(`${worker.pid} +root +end-to-end +1\\.2 MiB +1\\.2 MiB +1\\.2 MiB `));
  pane.keys("q");
  await pane.shows(/^status 0$/m);
  const last = JSON.parse(run("replay", "--json", join(folder, "t.arrows")).stdout.trimEnd().split("\n").at(-1) ?? "");
  const holder = last.secret.holders.find(({ pid }: { pid: number }) => pid === worker.pid);
  expect(holder).toMatchObject({ comm: "end-to-end", residentBytes: 300 * pageBytes, allocatedBytes: 300 * pageBytes });
});

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s ends the file in order, with status 0", async (signal) => {
  const { child, path, said } = await recording();
  await until("bpftrace runs", () => probesOf(child).length === 1);
  const probes = probesOf(child);
  const ended = once(child, "exit");
  child.kill(signal);
  expect(await ended).toEqual([0, null]);
  expect(await said).toMatch(/^secretscope: recorded .* 0 lost\n$/m);
  await until("no bpftrace is left", () => !probes.some(({ pid }) => isAlive(pid)));
  const { status, stderr } = run("report", path);
  expect([status, stderr]).toEqual([0, ""]);
});

test("a second signal insists: it ends at once, nothing runs on, and what was written replays", async () => {
  const { child, path } = await recording();
  await until("bpftrace runs", () => probesOf(child).length === 1);
  const [probes] = probesOf(child);
  if (probes === undefined) throw new Error("no bpftrace");
  const ended = once(child, "exit");
  // It cannot stop now, so that the first signal alone has to wait for it.
  process.kill(probes.pid, "SIGSTOP");
  child.kill("SIGINT");
  await sleep(500);
  expect(child.exitCode).toBeNull();
  child.kill("SIGTERM");
  expect(await ended).toEqual([143, null]);
  await until("no bpftrace is left", () => !isAlive(probes.pid), 10_000);
  const { status, stdout } = run("report", path);
  expect(status).toBe(1);
  expect(stdout).toContain("cut off, its end is missing");
});

test("--max-size and --keep: each file replays alone, and only the newest are there", async () => {
  const { child, said } = await recording("--max-size", "1M", "--keep", "2", "--detail", "page");
  const busy = await Workload.start();
  const seen = new Set<string>();
  const names = () => readdirSync(folder).toSorted();
  const ended = once(child, "exit");
  try {
    const deadline = performance.now() + 120_000;
    while (!names().includes("t.0003.arrows")) {
      if (performance.now() > deadline) throw new Error(`after two minutes only ${names()}`);
      await busy.ask("churn 5 2000 2");
      for (const name of names()) seen.add(name);
    }
    await until("the oldest is gone", () => !names().includes("t.0001.arrows"));
  } finally {
    child.kill("SIGINT");
    await busy.finish();
  }
  expect(await ended).toEqual([0, null]);
  expect(await said).toMatch(/recorded .* to .*t\.000\d\.arrows: [\d.]+ MiB/);
  expect(seen).toContain("t.0001.arrows");
  expect(names()).toHaveLength(2);
  for (const name of names()) {
    const path = join(folder, name);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(path).size).toBeLessThan(3 << 20);
    expect(run("report", path)).toMatchObject({ status: 0, stderr: "" });
  }
}, 180_000);

function isAlive(pid: number): boolean {
  try {
    // A process that ended and was not waited for yet is not alive.
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
