import { symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ProcessScanner, type ScannerOptions } from "../../../collector/sources/procfs/scan.ts";
import { FakeProc, secretDevice, smapsBlock } from "./fixture.ts";

const kernelThread = 0x00200000;
const secretName = "/secretmem (deleted)";
const calls = { available: false, reason: "no kernel behind this folder" } as const;
let proc: FakeProc;

beforeEach(() => {
  proc = new FakeProc();
  proc.file("self/mounts", "proc /proc proc rw,relatime 0 0\n");
});
afterEach(() => proc.remove());

function scanner(options: ScannerOptions = {}) {
  const { root: procRoot, identification } = proc;
  return new ProcessScanner({
    procRoot,
    sysRoot: `${procRoot}/sys`,
    device: secretDevice,
    calls,
    identification,
    ...options,
  });
}

describe("a scan", () => {
  it("puts descriptors and mappings of one file together, and keeps files apart", async () => {
    proc.process(10, {
      descriptors: { 0: "/dev/null", 3: 100, 4: 100, 5: 101 },
      smaps:
        smapsBlock("7f0000000000-7f0000010000", "00:0e", 100, secretName, 12, 6) +
        smapsBlock("7f0000020000-7f0000030000", "08:01", 9, "/lib/libc.so", 100, 10) +
        smapsBlock("7f0000040000-7f0000050000", "00:0e", 100, secretName, 4, 1),
    });
    const { holdings, files, pids, hidden } = await scanner().scanAll();
    expect(holdings).toMatchObject([
      {
        inode: 100,
        descriptors: [3, 4],
        mappedBytes: 131072,
        residentBytes: 16384,
        proportionalBytes: 7168,
        memlockLimitBytes: 8388608,
        process: { pid: 10, comm: "daemon", uid: 1000, cgroup: "/system.slice/daemon.service", started: 5000 },
      },
      { inode: 101, descriptors: [5], mappings: [], mappedBytes: 0, residentBytes: 0 },
    ]);
    expect(files.map(({ inode, paths }) => [inode, paths.map((path) => path.slice(proc.root.length))])).toEqual([
      [
        100,
        ["/10/fd/3", "/10/fd/4", "/10/map_files/7f0000000000-7f0000010000", "/10/map_files/7f0000040000-7f0000050000"],
      ],
      [101, ["/10/fd/5"]],
    ]);
    expect([...pids]).toEqual([10]);
    expect(hidden).toBe(0);
  });

  it("passes by a plain file of the same name, open or mapped, whether the device is known or not", async () => {
    proc.process(10, { descriptors: { 3: secretName } });
    proc.process(11, { smaps: smapsBlock("7f0000000000-7f0000010000", "08:01", 7, secretName, 4, 4) });
    proc.process(12, {
      smaps: smapsBlock("7f0000000000-7f0000010000", "08:01", 7, "/home/x/secretmem (deleted)", 4, 4),
    });
    expect((await scanner().scanAll()).holdings).toEqual([]);
    expect((await scanner({ device: undefined }).scanAll()).holdings).toEqual([]);
  });

  it("learns the device from the first secret file, by descriptor or by mapping", async () => {
    proc.process(10, { descriptors: { 3: secretName } });
    proc.process(11, { smaps: smapsBlock("7f0000000000-7f0000010000", "00:0e", 100, secretName, 4, 4) });
    const learning = scanner({ device: undefined });
    expect((await learning.scanAll()).holdings).toMatchObject([{ process: { pid: 11 }, inode: 100 }]);
    expect(learning.device).toEqual(secretDevice);
  });

  it("counts what it may not look into, and skips what has vanished", async () => {
    proc.process(10, { descriptors: { 3: 100 } });
    proc.process(11, { descriptors: { 3: 100 } });
    proc.file("12/stat", "");
    // Root passes permission bits: a loop of links refuses everybody, and like EACCES is no ending.
    proc.file("13/stat", "");
    symlinkSync("fd", `${proc.root}/13/fd`);
    const scan = await scanner().scanSome([10, 11, 12, 13, 14]);
    expect(scan.holdings.map(({ process }) => process.pid)).toEqual([10, 11]);
    expect([...scan.pids]).toEqual([10, 11, 13]);
    expect(scan).toMatchObject({ hidden: 1, scope: "some" });
  });

  it("looks at the other threads of a process whose first one has ended, and not at those of kernel threads", async () => {
    proc.process(10, { state: "Z", threads: 2 });
    proc.process("10/task/10", { state: "Z" });
    proc.process("10/task/12", { descriptors: { 3: 100 } });
    proc.process(20, { flags: kernelThread, state: "I" });
    proc.process("20/task/21", { descriptors: { 3: 100 } });
    const { holdings } = await scanner().scanAll();
    expect(holdings).toMatchObject([{ tid: 12, descriptors: [3], process: { pid: 10 } }]);
    expect(holdings).toHaveLength(1);
  });

  it("does not take a process for a kernel thread because its pid belonged to one", async () => {
    proc.process(20, { flags: kernelThread });
    const from = scanner();
    await from.scanAll();
    proc.process(20, { descriptors: { 3: 100 } });
    expect((await from.scanAll()).holdings).toHaveLength(1);
  });

  it("drops what it read when the pid became another process meanwhile", async () => {
    proc.process(10, { descriptors: { 3: 100 } });
    const replaced = {
      ...proc.identification,
      identify: (path: string) => {
        proc.file("10/stat", "10 (other) S 1 2 3 0 -1 0 0 0 0 0 11 22 0 0 20 0 1 0 6000 4096 9 0\n");
        return proc.identification.identify(path);
      },
    };
    const scan = await scanner({ identification: replaced }).scanAll();
    expect(scan.holdings).toEqual([]);
  });

  it("looks nowhere when the kernel would hibernate: there is no secret file", async () => {
    proc.process(10, { descriptors: { 3: 100 } });
    proc.file("sys/power/state", "freeze mem disk\n");
    const scan = await scanner().scanAll();
    expect(scan).toMatchObject({ by: "hibernation", holdings: [] });
    expect([...scan.pids]).toEqual([10]);
  });

  it("gives others their turn, and stops when told to", async () => {
    for (let pid = 10; pid < 40; pid++) proc.process(pid);
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const stop = new AbortController();
    const begun = scanner({ sliceMs: 0 }).scanAll(stop.signal);
    await begun;
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
    stop.abort();
    await expect(scanner().scanAll(stop.signal)).rejects.toThrow(/abort/i);
  });

  it("says that proc is missing rather than that nobody holds anything", async () => {
    await expect(scanner({ procRoot: `${proc.root}/none` }).scanAll()).rejects.toThrow("is proc mounted there?");
  });
});
