/** Recordings of this machine by the built commands: how they begin and end, also when the disk or a signal ends them. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import type { Snapshot } from "../../collector/snapshot.ts";
import { Workload } from "../truth/workload.ts";
import { secretwork } from "../workload/build.mjs";
import { fullDisk } from "./fullDisk.ts";

const cli = join(import.meta.dirname, "../../dist/tui/cli.js");
const run = (...words: string[]) => spawnSync(process.execPath, [cli, ...words], { encoding: "utf8", timeout: 60_000 });
const snapshots = (stdout: string) =>
  stdout
    .split("\n")
    .filter(Boolean)
    .map((line): Snapshot => JSON.parse(line));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "secretscope-record-"));
  // Hooks of a test come last to first, so what a test mounts below is gone when this runs.
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

test("record --for: a file for its owner only, that replays whole and is not replaced unasked", () => {
  const path = join(folder, "t.arrows");
  const words = ["record", "-o", path, "--for", "1s", "--interval", "200ms"];
  const { status, stdout, stderr } = run(...words);
  expect([status, stdout]).toEqual([0, ""]);
  expect(stderr).toMatch(/recorded 1 s to .*t\.arrows: .* 0 lost$/m);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const replayed = run("replay", "--json", path);
  expect([replayed.status, replayed.stderr]).toEqual([0, ""]);
  expect(snapshots(replayed.stdout).length).toBeGreaterThanOrEqual(4);
  const before = readFileSync(path);
  const again = run(...words);
  expect(again.status).toBe(2);
  expect(again.stderr).toContain("--overwrite");
  expect(readFileSync(path).equals(before)).toBe(true);
});

test("record --redact: neither this machine nor a holder is in it by name, and the replay says so", async () => {
  const path = join(folder, "t.arrows");
  const holder = spawn(secretwork(), { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void holder.kill("SIGKILL"));
  const name = "alice-keys";
  holder.stdin.write(`rename ${Buffer.from(name).toString("hex")}\ncreate\n`);
  await once(holder.stdout, "data");
  expect(run("record", "-o", path, "--redact", "--for", "1s", "--interval", "200ms").status).toBe(0);
  const exported = run("export", path, "--to", "jsonl").stdout;
  expect(exported).not.toContain(name);
  expect(exported).not.toContain(readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
  const events = exported
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const known = events.find(({ kind, pid }) => kind === "process" && pid === holder.pid);
  expect(known).toMatchObject({ comm: expect.stringMatching(/^proc-[0-9a-z]{8}$/), uid: 0 });
  const hosts = events.filter(({ kind }) => kind === "host");
  expect(hosts).toEqual([expect.objectContaining({ name: expect.stringMatching(/^host-/), redacted: true })]);
  const replayed = run("replay", path);
  expect(replayed.status).toBe(0);
  expect(replayed.stdout).toMatch(/^.* host-[0-9a-z]{8} .* names redacted$/m);
});

test("record --detail page: every page of a file made meanwhile, in the export and in the report", async () => {
  const path = join(folder, "t.arrows");
  const words = ["record", "-o", path, "--detail", "page", "--for", "8s", "--interval", "200ms"];
  const child = spawn(process.execPath, [cli, ...words], { stdio: "ignore" });
  const over = once(child, "exit");
  const busy = await Workload.start();
  onTestFinished(() => busy.finish());
  // A file begins to be seen when the probes are attached; one made after that is seen whole.
  const made: { readonly inode: number }[] = [];
  while (child.exitCode === null) {
    const file = await busy.secret(30);
    made.push(file);
    await busy.letGo(file);
    await sleep(100);
  }
  expect((await over)[0]).toBe(0);
  const exported = run("export", path, "--to", "pages");
  expect([exported.status, exported.stderr]).toEqual([0, ""]);
  const rows = exported.stdout.trimEnd().split("\n").slice(1);
  const seen = (inode: number, change: string) =>
    rows.filter((row) => row.includes(`,${change},${busy.pid},`) && row.split(",")[6] === String(inode)).length;
  const counts = made.map(({ inode }) => [seen(inode, "taken"), seen(inode, "given back")].join(" and "));
  expect(counts.filter((count) => count === "30 and 30").length).toBeGreaterThan(5);
  expect(run("report", path).stdout).toMatch(/^single pages +[\d,]+ taken \(/m);
  expect(run("export", path, "--to", "csv").stderr).toContain("csv leaves out single pages");
});

test("watch --record: what was printed is what is replayed", () => {
  const path = join(folder, "t.arrows");
  const watched = run("watch", "--json", "--record", path, "--for", "1500ms", "--interval", "200ms");
  expect(watched.status).toBe(0);
  const shown = snapshots(watched.stdout);
  const replayed = new Map(snapshots(run("replay", "--json", path).stdout).map((each) => [each.monotonicNs, each]));
  for (const snapshot of shown) expect(replayed.get(snapshot.monotonicNs)).toEqual(snapshot);
});

/** Something has to happen: the rows of a quiet minute go into one batch. */
async function busyUntilGone(child: ChildProcess): Promise<void> {
  const busy = await Workload.start();
  const file = await busy.secret(10_000, 0);
  for (let page = 0; page < 1000 && child.exitCode === null; page++) {
    await busy.touch(file, page, 1);
    await sleep(50);
  }
  await busy.finish();
}

test("a full disk ends the recording, not the watching; what was written replays", async () => {
  const path = join(fullDisk(), "t.arrows");
  const child = spawn(process.execPath, [
    cli,
    "watch",
    "--json",
    "--record",
    path,
    "--for",
    "15s",
    "--interval",
    "100ms",
  ]);
  onTestFinished(() => void child.kill("SIGKILL"));
  const [stdout, stderr] = [text(child.stdout), text(child.stderr)];
  await busyUntilGone(child);
  expect(child.exitCode, await stderr).toBe(2);
  expect(await stderr).toMatch(/the disk is full.*watching goes on/);
  const last = snapshots(await stdout).at(-1);
  const replayed = run("replay", "--json", path);
  expect(replayed.status).toBe(1);
  const recorded = snapshots(replayed.stdout);
  expect(recorded.length).toBeGreaterThan(0);
  expect(BigInt(last?.monotonicNs ?? 0)).toBeGreaterThan(BigInt(recorded.at(-1)?.monotonicNs ?? 0));
});

test("a full disk ends record by itself, with status 2; what was written replays", async () => {
  const path = join(fullDisk(), "t.arrows");
  const child = spawn(process.execPath, [cli, "record", "-o", path, "--interval", "100ms"]);
  let said = "";
  child.stderr.on("data", (data) => (said += data));
  const gone = once(child, "close");
  onTestFinished(() => void child.kill("SIGKILL"));
  await busyUntilGone(child);
  expect(child.exitCode, said).toBe(2);
  await gone;
  expect(said).toMatch(/^secretscope: .*the disk is full.*; \S+/m);
  const replayed = run("replay", "--json", path);
  expect(replayed.status).toBe(1);
  expect(snapshots(replayed.stdout).length).toBeGreaterThan(0);
});

test("kill -9: all but the last moment replays, and the end is said to be missing", async () => {
  const path = join(folder, "t.arrows");
  const child = spawn(process.execPath, [cli, "record", "-o", path, "--interval", "200ms"], { stdio: "ignore" });
  const gone = once(child, "exit");
  const size = () => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  // Something has to happen: the rows of a quiet minute go into one batch.
  const busy = await Workload.start();
  const file = await busy.secret(10_000, 0);
  try {
    const deadline = performance.now() + 30_000;
    for (let before = 0, grown = 0, touched = 0; grown < 5; ) {
      if (performance.now() > deadline) throw new Error(`only ${size()} bytes after half a minute`);
      await busy.touch(file, touched++, 1);
      await sleep(50);
      if (size() > before) grown++;
      before = size();
    }
  } finally {
    child.kill("SIGKILL");
    await busy.finish();
  }
  await gone;
  const replayed = run("replay", "--json", path);
  expect(replayed.status).toBe(1);
  expect(replayed.stderr).toContain("was cut off; it ends at");
  expect(snapshots(replayed.stdout).length).toBeGreaterThan(1);
  // As after a power cut: half of the last batch is there.
  truncateSync(path, size() - 100);
  const torn = run("replay", "--json", path);
  expect(torn.status).toBe(1);
  expect(snapshots(torn.stdout).length).toBeGreaterThan(0);
});

test.each([
  [["record"], /required option '-o, --output <file>'/],
  [["record", "-o", "/nowhere/t.arrows"], /\/nowhere\/t\.arrows/],
  [["record", "-o", "t.arrows", "--keep", "3"], /--keep needs --max-size/],
  [["record", "-o", "t.arrows", "--max-size", "7"], /1M to 1T/],
  [["record", "-o", "t.arrows", "--detail", "all"], /Allowed choices are interval, page/],
  [
    ["record", "-o", "t.arrows", "--detail", "page", "--route", "procfs"],
    /single pages cannot be recorded here: only \/proc was asked/,
  ],
  [["replay", "/nowhere/t.arrows"], /\/nowhere\/t\.arrows/],
  [["replay", "/etc/hostname"], /secretscope/],
  [["replay", "t.arrows", "--speed", "0"], /0\.1 to 1000/],
])("%j: one line that says why, and status 2", (words, said) => {
  const { status, stdout, stderr } = run(...words);
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(said);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
});
