import { mkdirSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hibernationSupport } from "../../../collector/sources/procfs/hibernation.ts";
import { hostEvent } from "../../../collector/sources/procfs/hostFacts.ts";
import { kernelSample } from "../../../collector/sources/procfs/kernelSample.ts";
import { secretMappings } from "../../../collector/sources/procfs/mappings.ts";
import { pageBytes } from "../../../collector/sources/procfs/pageSize.ts";
import { SelfCost } from "../../../collector/sources/procfs/selfCost.ts";
import { unseenProcesses } from "../../../collector/sources/procfs/visibility.ts";
import { monotonicNs } from "../../../collector/units.ts";
import { device, deviceName, deviceOfStat } from "../../../probes/kernel/secretFile.ts";
import { detectSecretmem, vmFlags } from "../../../probes/kernel/secretmem.ts";
import type { SystemCalls } from "../../../probes/kernel/syscalls.ts";
import { FakeProc, smapsBlock } from "./fixture.ts";

const at = monotonicNs(1n);
let proc: FakeProc;
beforeEach(() => {
  proc = new FakeProc();
});
afterEach(() => proc.remove());

describe("the kernel's own figures", () => {
  it("are read by name", () => {
    proc.file("vmstat", "nr_unevictable 5\ndirect_map_level2_splits 300\ndirect_map_level3_splits 4\noom_kill 2\n");
    proc.file("meminfo", "MemTotal: 100 kB\nUnevictable:      20 kB\nDirectMap4k:      40 kB\nDirectMap2M:  2048 kB\n");
    expect(kernelSample(at, proc.root)).toEqual({
      kind: "kernel",
      at,
      splits: { "2m": 300, "1g": 4 },
      collapses: { "2m": null, "1g": null },
      directMapBytes: { "4k": 40960, "2m": 2097152, "1g": null },
      oomKills: 2,
      unevictableBytes: 20480,
    });
  });

  it("are null, not 0, where the kernel says nothing", () => {
    const nothing = { "2m": null, "1g": null };
    expect(kernelSample(at, proc.root)).toMatchObject({ splits: nothing, collapses: nothing, oomKills: null });
  });
});

describe("the host", () => {
  const auxv = (...words: number[]) => {
    const vector = Buffer.alloc(words.length * 8);
    for (const [index, word] of words.entries()) vector.writeBigUInt64LE(BigInt(word), index * 8);
    return vector;
  };

  it("is described, with what may not be read left empty", () => {
    proc.file("self/auxv", auxv(33, 7, 6, 65536, 0, 0));
    proc.file("meminfo", "MemTotal:       1000 kB\n");
    proc.file("sys/kernel/hostname", "box\n");
    expect(hostEvent(at, { device: device(0, 20), accounting: "user" }, proc.root)).toEqual({
      kind: "host",
      at,
      name: "box",
      kernel: "",
      bootId: "",
      memoryBytes: 1024000,
      pageBytes: 65536,
      accounting: "user",
      secretDevice: "00:14",
    });
  });

  it("has no page size by guess", () => {
    proc.file("self/auxv", auxv(33, 7, 0, 0));
    expect(() => pageBytes(proc.root)).toThrow("does not say how large a page is");
  });

  it.each([
    ["rw,relatime", 1000, 0],
    ["rw,hidepid=1", 1000, 0],
    ["rw,hidepid=invisible", 1000, 1],
    ["rw,hidepid=2", 0, 0],
    ["rw,gid=50,hidepid=2", 1000, 0],
    ["rw,gid=50,hidepid=ptraceable", 1000, 1],
  ])("mounted %s hides processes from user %i: %i", (options, uid, expected) => {
    proc.file("self/mounts", `proc /proc proc rw,hidepid=2 0 0\nproc /proc proc ${options} 0 0\n`);
    expect(unseenProcesses(proc.root, { uid, groups: [50] })).toHaveLength(expected);
  });

  it("is not all there inside a container", () => {
    mkdirSync(`${proc.root}/self/ns`, { recursive: true });
    symlinkSync("pid:[4026532999]", `${proc.root}/self/ns/pid`);
    expect(unseenProcesses(proc.root)).toMatchObject([{ remedy: expect.stringContaining("on the host") }]);
  });
});

describe("hibernation", () => {
  const support = () => hibernationSupport({ procRoot: proc.root, sysRoot: `${proc.root}/sys` });

  it("is available, refused or unsupported", () => {
    expect(support()).toEqual({ state: "unsupported" });
    proc.file("sys/power/state", "freeze mem\n");
    proc.file("sys/power/disk", "[disabled]\n");
    expect(support()).toEqual({ state: "refused", otherReason: null });
    proc.file("cmdline", "quiet nohibernate\n");
    expect(support()).toMatchObject({ otherReason: "the kernel was booted with nohibernate" });
    proc.file("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    expect(support()).toMatchObject({ otherReason: "the kernel is locked down (integrity)" });
    proc.file("sys/power/state", "freeze mem disk\n");
    expect(support()).toEqual({ state: "available" });
  });
});

describe("secret mappings", () => {
  const name = "/secretmem (deleted)";

  it("are read with their sizes, also from maps, which has none", () => {
    const text =
      smapsBlock("00400000-00410000", "00:0e", 5, name, 8, 4) +
      smapsBlock("7fffffff0000-800000000000", "103:0a", 6, "/x\\012/secretmem (deleted)", 8, 4);
    expect(secretMappings(text)).toMatchObject([
      {
        device: device(0, 14),
        inode: 5,
        range: "400000-410000",
        start: 0x400000,
        lengthBytes: 65536,
        residentBytes: 8192,
        proportionalBytes: 4096,
      },
    ]);
    const maps = `00400000-00410000 rw-s 00003000 00:0e 5      ${name}\n00410000-00420000 rw-s 00000000 00:0e 6      ${name}`;
    expect(secretMappings(maps)).toMatchObject([
      { inode: 5, offsetBytes: 0x3000, residentBytes: null, proportionalBytes: null },
      { inode: 6, residentBytes: null },
    ]);
  });

  it("tell the accounting model by their flags", () => {
    expect(vmFlags(smapsBlock("1000-2000", "00:0e", 5, name, 0, 0), 5)).toContain("lo");
    expect(vmFlags(smapsBlock("1000-2000", "00:0e", 5, name, 0, 0), 55)).toBeUndefined();
  });
});

describe("a device", () => {
  it("is taken apart as glibc put it together, and written as maps does", () => {
    expect(deviceOfStat(0x0en)).toEqual({ major: 0, minor: 14, sDev: 14 });
    // makedev(0x12345, 0x6789a), sys/sysmacros.h.
    expect(deviceOfStat(0x120006783459an)).toMatchObject({ major: 0x12345, minor: 0x6789a });
    expect(device(259, 3).sDev).toBe((259 << 20) | 3);
    expect([device(0, 14), device(0, 0x123)].map(deviceName)).toEqual(["00:0e", "00:123"]);
  });
});

describe("no secret memory", () => {
  const refusing = (code: string) =>
    detectSecretmem({
      sysRoot: `${proc.root}/sys`,
      calls: { available: true, memfdSecret: () => ({ ok: false, errno: 1, code }) } as unknown as SystemCalls,
    });

  it.each([
    ["N\n", "boot with secretmem.enable=1"],
    ["Y\n", "on arm64 boot with rodata=full"],
  ])("with its parameter at %j has a remedy", (value, remedy) => {
    proc.file("sys/module/secretmem/parameters/enable", value);
    expect(refusing("ENOSYS")).toMatchObject({ available: false, remedy });
  });

  it("may be missing from the kernel, or forbidden", () => {
    expect(refusing("ENOSYS")).toMatchObject({ remedy: expect.stringContaining("CONFIG_SECRETMEM") });
    expect(refusing("EPERM")).toMatchObject({ remedy: expect.stringContaining("seccomp") });
    expect(refusing("EMFILE")).toMatchObject({ remedy: expect.stringContaining("ulimit") });
    expect(detectSecretmem({ procRoot: proc.root, calls: { available: false, reason: "no koffi" } })).toMatchObject({
      available: false,
      reason: expect.stringContaining("no koffi"),
    });
  });
});

describe("own cost", () => {
  it("adds up the children one after the other", () => {
    const cost = new SelfCost(proc.root);
    const ofChild = (pid: number | null) =>
      Math.round(
        (cost.sample(at, pid).cpuSeconds - Object.values(process.cpuUsage()).reduce((a, b) => a + b) / 1e6) * 100,
      );
    // The fixture's process has used 11 + 22 ticks.
    proc.process(10);
    proc.process(11, { started: 6000 });
    expect(ofChild(10)).toBe(33);
    expect(ofChild(10)).toBe(33);
    expect(ofChild(11)).toBe(66);
    expect(ofChild(null)).toBe(66);
  });

  it("of a run of a probe is the kernel's own measure, and null where it does not measure", () => {
    const cost = new SelfCost(proc.root);
    const nsPerEvent = () => cost.sample(at, 10).probeNsPerEvent;
    proc.process(10);
    proc.file("10/fdinfo/7", "pos:\t0\nprog_type:\t5\nrun_time_ns:\t900\nrun_cnt:\t8\nrecursion_misses:\t0\n");
    proc.file("10/fdinfo/8", "pos:\t0\nprog_type:\t5\nrun_time_ns:\t300\nrun_cnt:\t2\nrecursion_misses:\t0\n");
    proc.file("10/fdinfo/9", "pos:\t0\nflags:\t02\n");
    expect(nsPerEvent()).toBeNull();
    proc.file("sys/kernel/bpf_stats_enabled", "0\n");
    expect(nsPerEvent()).toBeNull();
    proc.file("sys/kernel/bpf_stats_enabled", "1\n");
    expect(nsPerEvent()).toBe(120);
    proc.file("10/fdinfo/7", "pos:\t0\n");
    proc.file("10/fdinfo/8", "pos:\t0\n");
    expect(nsPerEvent()).toBeNull();
    expect(cost.sample(at, null).probeNsPerEvent).toBeNull();
  });
});
