/** The dashboard on this machine's kernel, in a terminal, as a person uses it. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Snapshot } from "../../collector/snapshot.ts";
import { secretwork } from "../workload/build.mjs";
import { fullDisk, makeRoom } from "./fullDisk.ts";
import { below, Pane } from "./pane.ts";

const repository = join(import.meta.dirname, "../..");
const command = `node ${join(repository, "dist/tui/cli.js")}`;
const panes = new Set<Pane>();
const workers = new Set<ChildProcess>();

afterEach(() => {
  for (const pane of panes) pane.end();
  for (const worker of workers) worker.kill("SIGKILL");
  panes.clear();
  workers.clear();
});

function openPane(columns = 100, rows = 30): Pane {
  const pane = new Pane(columns, rows);
  panes.add(pane);
  return pane;
}

/** A process called `name` that has touched so many secret pages. */
async function holder(name: string, pages: number): Promise<ChildProcess> {
  const child = spawn(secretwork(), { stdio: ["pipe", "pipe", "inherit"] });
  workers.add(child);
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const requests = [
    `rename ${Buffer.from(name).toString("hex")}`,
    "create",
    `size 0 ${pages}`,
    `map 0 ${pages}`,
    `touch 0 0 ${pages}`,
  ];
  for (const request of requests) {
    child.stdin.write(`${request}\n`);
    const { value } = await answers.next();
    expect(value, request).toMatch(/^ok/);
  }
  return child;
}

const node = (pane: Pane) => below(pane.shell()).find(({ comm }) => comm === "node" || comm === "MainThread")?.pid ?? 0;
const bpftrace = (pid: number) => below(pid).filter(({ comm }) => comm.startsWith("bpftrace"));

/** What the terminal was before, it is again: settings, cursor, screen, mouse; and nothing of ours runs. */
async function expectRestored(pane: Pane, before: string, pids: readonly number[]) {
  await pane.until("back at the shell", () => below(pane.shell()).length === 0);
  await pane.until("nothing left running", () => pids.every((pid) => !isAlive(pid)));
  // The shell sets its own line editing up again when it prompts.
  await pane.until("settings as before", () => pane.settings() === before);
  expect(pane.modes()).toEqual({ cursor: true, alternate: false, mouse: false });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function started(pane: Pane, options = ""): Promise<number> {
  pane.run(`${command} ${options}`);
  await pane.shows(/2 Holders/);
  return node(pane);
}

test("a workload appears with the right figure; sort, filter, card, resize, suspend, resume, quit", async () => {
  const pane = openPane();
  await pane.shows(/^\$ ?$/m);
  const before = pane.settings();
  const pid = await started(pane);
  const probes = bpftrace(pid).map((each) => each.pid);
  expect(probes.length).toBeGreaterThan(0);
  expect(pane.modes()).toEqual({ cursor: false, alternate: true, mouse: true });

  const worker = await holder("dashprobe", 2816);
  // 2816 pages of 4 KiB: resident, share and allocated.
  await pane.shows(new RegExp(` ${worker.pid} \\S+ +dashprobe .*11 MiB +11 MiB +11 MiB`), 30_000);
  await pane.shows(/dashprobe \[\d+\] holds/);

  pane.keys("S");
  await pane.shows(/(COMMAND|USER|IN)[▲▼]/);
  pane.keys("/");
  pane.run("dashprobe");
  await pane.shows(/filter dashprobe · 1 of \d+/);
  pane.keys("j");
  pane.keys("Enter");
  const card = await pane.shows(/Secret files \(1\)/);
  expect(card).toMatch(/resident +11 MiB, its share 11 MiB, mapped 11 MiB/);
  pane.keys("Escape");
  await pane.shows(/3 Who splits/);

  pane.resize(200, 60);
  await pane.shows(/w write {2}c copy/);
  pane.resize(50, 10);
  await pane.shows(/needs 60 columns/);
  pane.resize(80, 24);
  await pane.shows(/dashprobe/);

  pane.keys("C-z");
  await pane.shows(/Stopped/);
  expect(pane.modes()).toEqual({ cursor: true, alternate: false, mouse: false });
  pane.run("fg");
  await pane.shows(/2 Holders[\s\S]*\? help/);
  expect(pane.modes()).toEqual({ cursor: false, alternate: true, mouse: true });
  pane.keys("Space");
  await pane.shows(/FROZEN/);

  pane.keys("q");
  await expectRestored(pane, before, [pid, ...probes]);
});

describe("recording", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "secretscope-recorded-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** What replays it says of this process, in its last snapshot. */
  function replayed(path: string, pid: number | undefined) {
    const words = [join(repository, "dist/tui/cli.js"), "replay", path, "--json"];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8", maxBuffer: 1 << 28 });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const { secret } = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Snapshot;
    return secret.holders.find((each) => each.pid === pid);
  }

  async function recordedIn(pane: Pane): Promise<string> {
    pane.keys("r");
    await pane.shows(/recording to \S+\.arrows; r ends it/);
    await pane.shows(/REC \d:\d\d, [\d.]+ [KM]iB/);
    const [name = "", ...more] = readdirSync(folder);
    expect(name).toMatch(/^secretscope-[\w.-]+-\d{4}-\d\d-\d\dT[\d-]+Z\.arrows$/);
    expect(more).toEqual([]);
    return join(folder, name);
  }

  test("r begins in the middle, r ends it, and the file shows who was there before and what came then", async () => {
    const pane = openPane(160, 30);
    await pane.shows(/^\$ ?$/m);
    const before = pane.settings();
    const worker = await holder("recorded", 512);
    pane.run(`cd ${folder}`);
    const pid = await started(pane);
    await pane.shows(/ recorded .*2 MiB +2 MiB/);
    const path = await recordedIn(pane);
    const later = await holder("later", 256);
    await pane.shows(/ later .*1 MiB +1 MiB +1 MiB/);
    pane.keys("r");
    await pane.shows(/recorded \d:\d\d, [\d.]+ [KM]iB: secretscope replay /);
    expect(replayed(path, worker.pid)).toMatchObject({ comm: "recorded", residentBytes: 512 * 4096 });
    expect(replayed(path, later.pid)).toMatchObject({ comm: "later", allocatedBytes: 256 * 4096 });
    pane.keys("q");
    await expectRestored(pane, before, [pid]);
  });

  test.each(["q", "SIGTERM", "SIGHUP"])(
    "left by %s it is ended in order, and the shell says where it is",
    async (way) => {
      const pane = openPane(160, 30);
      await pane.shows(/^\$ ?$/m);
      const before = pane.settings();
      const worker = await holder("recorded", 512);
      pane.run(`cd ${folder}`);
      const pid = await started(pane);
      await pane.shows(/recorded .*2 MiB/);
      const path = await recordedIn(pane);
      if (way === "q") pane.keys("q");
      else process.kill(pid, way as NodeJS.Signals);
      await expectRestored(pane, before, [pid]);
      await pane.shows(/secretscope: recorded to \S+\.arrows: /);
      expect(replayed(path, worker.pid)).toMatchObject({ residentBytes: 512 * 4096 });
    },
  );

  test("a full disk ends it, the screen goes on; status 2 and the reason, though a later one was whole", async () => {
    const pane = openPane(160, 30);
    await pane.shows(/^\$ ?$/m);
    const before = pane.settings();
    const disk = fullDisk();
    pane.run(`cd ${disk}; export TMPDIR=${disk}`);
    const pid = await started(pane, "--interval 100ms; echo status $?");
    pane.keys("r");
    await pane.shows(/recording to \S+\.arrows; r ends it/);
    // Something has to happen: the rows of a quiet minute go into one batch.
    for (let number = 0; number < 60 && !pane.text().includes("the disk is full"); number++) {
      await holder(`filling-${number}`, 1);
      await sleep(500);
    }
    await pane.shows(/! recording to .*the disk is full/);
    makeRoom(disk);
    pane.keys("r");
    await pane.shows(/recording to \S+\.arrows; r ends it/);
    pane.keys("r");
    await pane.shows(/recorded \d:\d\d, [\d.]+ [KM]iB: secretscope replay /);
    pane.keys("q");
    await pane.shows(/^secretscope: .*the disk is full.*\n(.*\n)?status 2$/m);
    await expectRestored(pane, before, [pid]);
  });
});

describe("the terminal is given back, and no bpftrace is left behind", () => {
  test.each(["TERM", "HUP", "INT"])("by SIG%s", async (signal) => {
    const pane = openPane();
    await pane.shows(/^\$ ?$/m);
    const before = pane.settings();
    const pid = await started(pane);
    const probes = bpftrace(pid).map((each) => each.pid);
    process.kill(pid, `SIG${signal}`);
    await expectRestored(pane, before, [pid, ...probes]);
  });

  test("when it is left before it began", async () => {
    const pane = openPane();
    await pane.shows(/^\$ ?$/m);
    const before = pane.settings();
    pane.run(command);
    await pane.shows(/q quits/);
    const pid = node(pane);
    pane.keys("q");
    await expectRestored(pane, before, [pid]);
  });

  test("by a fault in the program, which can be read afterwards", async () => {
    const pane = openPane();
    await pane.shows(/^\$ ?$/m);
    const before = pane.settings();
    pane.run(`node ${join(import.meta.dirname, "dashboard-crash.mjs")}`);
    await pane.shows(/Reading the kernel/);
    await pane.shows(/told afterwards: a fault in the program/);
    await expectRestored(pane, before, []);
  });

  test("when the terminal itself goes away", async () => {
    const pane = openPane();
    await pane.shows(/^\$ ?$/m);
    const pid = await started(pane);
    const probes = bpftrace(pid).map((each) => each.pid);
    const gone = () => [pid, ...probes].every((each) => !isAlive(each));
    pane.end();
    const deadline = performance.now() + 20_000;
    while (!gone() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(gone()).toBe(true);
  });
});

test("bpftrace gone: the screen stays, and says that something was lost", async () => {
  const pane = openPane();
  await pane.shows(/^\$ ?$/m);
  const pid = await started(pane);
  for (const each of bpftrace(pid)) process.kill(each.pid, "SIGKILL");
  await pane.shows(/! (lossy|partial|late)/);
  await pane.shows(/! lossy/);
  pane.keys("e");
  await pane.shows(/lossy: something did not arrive/);
});

describe("terminals", () => {
  test.each(["screen-256color", "tmux-256color", "xterm-kitty", "linux", "vt100"])(
    "TERM=%s leaves no garbage",
    async (term) => {
      const pane = openPane(80, 24);
      await pane.shows(/^\$ ?$/m);
      pane.run(`TERM=${term} ${command} --route procfs`);
      const text = await pane.shows(/5 Events/);
      const rows = text.split("\n");
      expect(rows[0]).toMatch(/^ secretscope . \S+ . \S+/);
      expect(rows[23]).toMatch(/^ \? help/);
      expect(text).not.toMatch(/\[\d+;|\d+[hlm]\s|[\x00-\x09\x0b-\x1f]/);
      pane.keys("q");
      await pane.shows(/^\$ ?$/m);
    },
  );

  test.each([
    ["TERM=dumb", ""],
    ["", "| cat"],
  ])("%s secretscope %s is watch", async (set, pipe) => {
    const pane = openPane(100, 40);
    await pane.shows(/^\$ ?$/m);
    pane.run(`${set} ${command} --route procfs ${pipe}`);
    await pane.shows(/^direct map /m);
    expect(pane.modes().alternate).toBe(false);
    pane.keys("C-c");
  });
});
