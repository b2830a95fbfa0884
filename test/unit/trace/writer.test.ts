/** Claim: the file is the owner's alone, replaces nothing unasked, and stays readable when the disk refuses. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { CannotRun } from "../../../collector/cannotRun.ts";
import type { Event } from "../../../collector/events.ts";
import { Recorder } from "../../../collector/trace/recorder.ts";
import { TraceFile } from "../../../collector/trace/traceFile.ts";
import { monotonicNs } from "../../../collector/units.ts";
import { readAll, record, scratch, snapshots, someHistory } from "./recorded.ts";

const root = process.getuid?.() === 0;
const events = someHistory();

test("readable and writable by the owner only, whatever the umask allows", async () => {
  const before = process.umask(0);
  onTestFinished(() => void process.umask(before));
  expect(statSync(await record(events)).mode & 0o777).toBe(0o600);
});

test("a file that is there is left alone unless replacing it is asked for", async () => {
  const path = join(scratch(), "kept.arrows");
  writeFileSync(path, "precious");
  chmodSync(path, 0o644);
  await expect(record(events, { path })).rejects.toThrow("is there already");
  expect(readFileSync(path, "utf8")).toBe("precious");
  await record(events, { path, overwrite: true });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(snapshots(readAll(path))).toEqual(snapshots(events));
});

test("a link is not followed, neither to a new file nor to an old one", async () => {
  const directory = scratch();
  const target = join(directory, "target");
  const path = join(directory, "link.arrows");
  symlinkSync(target, path);
  await expect(record(events, { path })).rejects.toThrow("is there already");
  await expect(record(events, { path, overwrite: true })).rejects.toThrow("is no regular file");
});

test.each([
  ["no directory", (directory: string) => join(directory, "none", "a.arrows"), "there is no directory"],
  ["a directory", (directory: string) => directory, "is there already"],
  ["no name", () => "", "has no name"],
  ["a directory that takes no files", () => "/proc/a.arrows", "no file can be made there"],
  [
    "a file in the place of a directory",
    (directory: string) => join(directory, "f", "a.arrows"),
    "there is no directory",
  ],
])("%s is a sentence", async (_, pathIn, sentence) => {
  const directory = scratch();
  writeFileSync(join(directory, "f"), "");
  await expect(record(events, { path: pathIn(directory) })).rejects.toThrow(sentence);
});

/** A file system of its own, so small that it is full after some batches. */
function tiny(size: string, options = ""): string {
  const directory = mkdtempSync(join(tmpdir(), "secretscope-tiny-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}${options}`, "tmpfs", directory]);
  onTestFinished(() => {
    execFileSync("umount", ["-l", directory]);
    rmSync(directory, { recursive: true });
  });
  return directory;
}

describe.runIf(root)("a disk that refuses", () => {
  /** Enough of a history, again and again, later each time, that every pass makes a batch. */
  async function recordUntilRefused(path: string, between: (pass: number) => void = () => {}) {
    const failures: CannotRun[] = [];
    const recorder = await Recorder.create({ path, tool: "test", onFailure: (error) => failures.push(error) });
    const told: Event[] = [];
    const random = noise();
    for (let pass = 0; pass < 60 && failures.length === 0; pass++) {
      between(pass);
      for (let n = 0; n < 66_000; n++) {
        const event = { ...random(), at: monotonicNs(BigInt(pass * 66_000 + n)) };
        told.push(event);
        recorder.take(event);
      }
      await recorder.drained();
    }
    await recorder.close();
    return { failures, recorder, told };
  }

  test("full: recording ends with a sentence, what was written is whole batches, and nobody is held up", async () => {
    const directory = tiny("2m");
    const path = join(directory, "full.arrows");
    const { failures, recorder, told } = await recordUntilRefused(path);
    expect(failures.map(({ message }) => message)).toEqual([
      `recording to ${path} ended: the disk is full; what was written before can be replayed`,
    ]);
    expect(recorder.failure?.remedy).toContain("make room");
    // More events are taken without a word and without a throw: the collecting goes on.
    recorder.take(told[0] as Event);
    const file = new TraceFile(path);
    expect(file.end).toBe("cut");
    expect(file.damage).toEqual([]);
    const read = readAll(path);
    file.close();
    expect(read.length).toBeGreaterThan(100_000);
    for (let at = 0; at < read.length; at += 997) expect(read[at]).toEqual(told[at]);
  }, 60_000);

  test("read-only", async () => {
    const directory = tiny("64m");
    mkdirSync(join(directory, "d"));
    const path = join(directory, "d", "a.arrows");
    execFileSync("mount", ["-o", "remount,ro", directory]);
    await expect(record(events, { path })).rejects.toThrow(`cannot record to ${path}: the file system is read-only`);
  });
});

test("removed while it is written: said, since every byte would go nowhere", async () => {
  const path = join(scratch(), "removed.arrows");
  const failures: string[] = [];
  const recorder = await Recorder.create({ path, tool: "test", onFailure: ({ message }) => failures.push(message) });
  for (const event of events) recorder.take(event);
  rmSync(path);
  await recorder.close();
  expect(failures).toEqual([`${path} was removed while it was written`]);
});

/** Rows that do not pack. */
function noise(): () => Event {
  let state = 1;
  const next = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state;
  };
  return () =>
    ({ kind: "allocated", epoch: 1, inode: next(), pid: next(), started: next(), pages: next() }) as unknown as Event;
}
