import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cgroupLabel } from "../../../collector/sources/procfs/cgroupLabel.ts";
import { CgroupPaths } from "../../../collector/sources/procfs/cgroups.ts";
import { memoryCgroup, parseStat, readProcess } from "../../../collector/sources/procfs/processes.ts";
import { UserNames } from "../../../collector/sources/procfs/users.ts";
import { FakeProc } from "./fixture.ts";

const id = "3f2a9c0d1e4b".padEnd(64, "7");
const uid = "0b1c2d3e-1111-2222-3333-444455556666";
let proc: FakeProc;
beforeEach(() => {
  proc = new FakeProc();
});
afterEach(() => proc.remove());

describe("a process", () => {
  it.each([
    ["a parenthesis and what looks like fields", ") R 1 2 3 (x) ", ") R 1 2 3 (x) "],
    ["a newline and an escape sequence", "a\nb\u001b[31m", "a\nb\u001b[31m"],
    ["bytes that are not UTF-8", new Uint8Array([0x61, 0xff, 0xc3]), "a\ufffd\ufffd"],
    ["nothing", "", ""],
  ])("may have a name of %s", (_, comm, expected) => {
    proc.process(10, { comm, started: 77 });
    expect(readProcess(10, proc.root)).toEqual({
      pid: 10,
      started: 77,
      comm: expected,
      uid: 1000,
      cgroup: "/system.slice/daemon.service",
      ppid: 1,
    });
  });

  it("is not there when its stat is gone, empty or cut", () => {
    expect(readProcess(10, proc.root)).toBeUndefined();
    expect(parseStat("")).toBeUndefined();
    expect(parseStat("10 (x) S 1 2")).toBeUndefined();
  });

  it("is charged in the v1 memory hierarchy where there is one, whatever the path holds", () => {
    expect(memoryCgroup("4:cpu,memory:/a:b\n1:name=systemd:/x\n0::/unified\n")).toBe("/a:b");
    expect(memoryCgroup("1:name=memory:/x\n0::/unified\n")).toBe("/unified");
    expect(memoryCgroup("1:cpu:/x\n")).toBeNull();
  });
});

describe("a cgroup", () => {
  it.each([
    [`/docker/${id}`, "docker", "docker:3f2a9c0d1e4b"],
    [`/system.slice/docker-${id}.scope`, "docker", "docker:3f2a9c0d1e4b"],
    [`/system.slice/docker-${id}.scope/init.scope`, "docker", "docker:3f2a9c0d1e4b"],
    [`/machine.slice/libpod-${id}.scope/container`, "podman", "podman:3f2a9c0d1e4b"],
    [`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope`, "podman", "podman:3f2a9c0d1e4b"],
    [`/system.slice/containerd.service/system.slice:cri-containerd:${id}`, "containerd", "containerd:3f2a9c0d1e4b"],
    [`/kubepods/burstable/pod${uid}/${id}`, "kubernetes", `kubernetes:${uid}/3f2a9c0d1e4b`],
    [
      `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${uid.replaceAll("-", "_")}.slice/cri-containerd-${id}.scope`,
      "kubernetes",
      `kubernetes:${uid}/3f2a9c0d1e4b`,
    ],
    [
      `/kubepods.slice/kubepods-pod${uid.replaceAll("-", "_")}.slice/crio-${id}.scope`,
      "kubernetes",
      `kubernetes:${uid}/3f2a9c0d1e4b`,
    ],
    [`/kubepods.slice/kubepods-pod${uid.replaceAll("-", "_")}.slice`, "kubernetes", `kubernetes:${uid}`],
    ["/lxc/web/system.slice/x.service", "lxc", "lxc:web"],
    ["/lxc.payload.web", "lxc", "lxc:web"],
    ["/machine.slice/machine-debian\\x2d12.scope", "machine", "machine:debian-12"],
    ["/system.slice/nginx.service", "unit", "nginx.service"],
    ["/system.slice/system-getty.slice/getty@tty1.service", "unit", "getty@tty1.service"],
    ["/user.slice/user-1000.slice/session-3.scope", "unit", "session-3.scope"],
    ["/user.slice/user-1000.slice", "unit", "user-1000.slice"],
    ["/system.slice/a\\xc3\\xa9.service", "unit", "a\u00e9.service"],
    ["/process_api/d5543886393d06f6849979fc266bcb61", "path", "/process_api/d5543886393d06f6849979fc266bcb61"],
    ["/", "path", "/"],
  ])("%s is a %s", (path, kind, text) => {
    expect(cgroupLabel(path)).toMatchObject({ kind, text });
  });

  it("gives the full ids, and has no name where there is no path", () => {
    expect(cgroupLabel(`/kubepods/pod${uid}/${id}`)).toMatchObject({ container: id, pod: uid });
    expect(cgroupLabel(null)).toBeNull();
  });

  it("takes no time over a path made to take time", () => {
    const began = performance.now();
    cgroupLabel(`/kubepods${"/pod0".repeat(900)}${"/docker-".repeat(900)}`);
    expect(performance.now() - began).toBeLessThan(100);
  });

  it("is found by the inode number of its directory, in the hierarchy asked for", () => {
    proc.file("v1 memory/app/inner/tasks", "");
    proc.file("unified/app/tasks", "");
    proc.file(
      "self/mountinfo",
      `31 1 0:1 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n` +
        `32 31 0:2 / ${proc.root}/v1\\040memory rw,relatime shared:9 - cgroup cgroup rw,memory\n` +
        `33 31 0:3 /slice ${proc.root}/unified rw - cgroup2 cgroup2 rw\n`,
    );
    const number = (folder: string) => statSync(`${proc.root}/${folder}`, { bigint: true }).ino;
    // Each look at the clock is 1 ms after the last: a search takes 1 ms, and a hundredth of the time is 100 ms.
    let now = 0;
    const options = { procRoot: proc.root, nowMs: () => ++now, searchShare: 0.01 };
    const paths = new CgroupPaths("memory", options);
    expect(paths.path(number("v1 memory/app/inner"))).toBe("/app/inner");
    expect(paths.path(number("v1 memory"))).toBe("/");
    expect(paths.path(number("unified/app"))).toBeNull();
    expect(new CgroupPaths("unified", options).path(number("unified/app"))).toBe("/slice/app");
    // A new one is found when the next search may start.
    mkdirSync(`${proc.root}/v1 memory/later`);
    expect(paths.path(number("v1 memory/later"))).toBeNull();
    now += 100;
    expect(paths.path(number("v1 memory/later"))).toBe("/later");
  });

  it("cannot be found where nothing is mounted", () => {
    expect(new CgroupPaths("memory", { procRoot: proc.root }).path(1n)).toBeNull();
  });
});

describe("a user", () => {
  it("has the first name with that id, and a new one when the file changes", () => {
    const path = `${proc.root}/passwd`;
    proc.file(
      "passwd",
      "root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:\n# a:x:5:\nbroken\nalice:x:1000:1000::/home/alice:\n",
    );
    const names = new UserNames(path);
    expect([0, 1000, 5, 77].map((number) => names.name(number))).toEqual(["root", "alice", null, null]);
    writeFileSync(path, "bob:x:1000:1000::/home/bob:/bin/sh\n");
    expect(names.name(1000)).toBe("bob");
    expect(new UserNames(`${proc.root}/none`).name(0)).toBeNull();
  });
});
