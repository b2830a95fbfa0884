/** Claim: a process is itself, whatever it is called, whatever it runs, and whoever had its pid before. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { readProcess, readStat } from "../../collector/sources/procfs/processes.ts";
import { MemoryCgroup } from "./cgroups.ts";
import { processTick } from "./kernelFigures.ts";
import { cachestat, cgroupVersion, pageBytes, seconds } from "./machine.ts";
import { fileOf, holderOf, nothingLeft, picture } from "./picture.ts";
import { Watch } from "./watch.ts";
import { type SecretFile, type Worker, Workload, workload } from "./workload.ts";

let watch: Watch;
let before: Workload;
let early: Record<"mapped" | "open" | "both" | "survivor", { worker: Worker; file: SecretFile }>;

beforeAll(async () => {
  before = await Workload.start();
  const make = async (name: string) => {
    const worker = await before.fork(name);
    return { worker, file: await worker.secret(64, 48) };
  };
  early = {
    mapped: await make("mapped"),
    open: await make("open"),
    both: await make("both"),
    survivor: await make("s"),
  };
  await early.mapped.worker.close(early.mapped.file);
  await early.open.worker.unmap(early.open.file);
  // 10 more pages, made by a process that is dead when the watch begins, in a file that nobody has open.
  const maker = await early.survivor.worker.fork("maker");
  await maker.touch(early.survivor.file, 48, 10);
  await early.survivor.worker.end("maker");
  await early.survivor.worker.close(early.survivor.file);
  watch = await Watch.anew("tracepoint");
});
afterAll(async () => {
  await before?.finish();
  await watch?.finish();
});

test("holders from before the start are there, mapped, open, or both", async () => {
  const processes = { mapped: early.mapped.worker, open: early.open.worker, both: early.both.worker };
  await watch.becomes(
    (snapshot) =>
      Object.entries(processes).map(([name, { pid }]) => {
        const holder = holderOf(snapshot, pid);
        return [name, holder?.residentBytes, holder?.descriptors, holder?.mappings];
      }),
    [
      ["mapped", 48 * pageBytes, 0, 1],
      ["open", 0, 1, 0],
      ["both", 48 * pageBytes, 1, 1],
    ],
  );
  const snapshot = await watch.next();
  for (const { worker, file } of Object.values(early)) {
    expect(fileOf(snapshot, file)).toMatchObject({ creatorPid: null, holders: [worker.pid] });
  }
});

test("the pages of their files are exact, or said to be unknown, never too few", async () => {
  // Where nobody has a descriptor, pages that nobody maps can hide, and without cachestat(2) behind a descriptor too.
  const claims = [
    [early.mapped.file, 48, false],
    [early.open.file, 48, cachestat],
    [early.both.file, 48, cachestat],
    [early.survivor.file, 58, false],
  ] as const;
  const snapshot = await watch.becomes(
    (each) =>
      claims.map(([file, pages, sure]) => {
        const bytes = fileOf(each, file)?.residentBytes;
        return bytes === null && !sure ? pages * pageBytes : bytes;
      }),
    claims.map(([, pages]) => pages * pageBytes),
  );
  if (claims.some(([file]) => fileOf(snapshot, file)?.residentBytes === null)) {
    expect(snapshot.secret.residentBytes).toBeNull();
    expect(snapshot.evidence.complete).toBe(false);
  }
});

test("what is touched after the start is added to what was there before", async () => {
  const { worker, file } = early.both;
  await worker.touch(file, 48, 16);
  await watch.becomes(
    (snapshot) => {
      const holder = holderOf(snapshot, worker.pid);
      return [holder?.residentBytes, holder?.allocatedBytes];
    },
    [64 * pageBytes, 16 * pageBytes],
  );
  const resident = fileOf(await watch.next(), file)?.residentBytes;
  if (cachestat || resident !== null) expect(resident).toBe(64 * pageBytes);
});

test("a renamed process keeps its figures under its new name", async () => {
  const a = await workload();
  await a.rename("first-name");
  const f = await a.secret(9);
  const named = (comm: string, pages: number) => ({ comm, allocatedBytes: pages * pageBytes });
  const view = (snapshot: Parameters<typeof holderOf>[0]) => {
    const holder = holderOf(snapshot, a.pid);
    return holder && { comm: holder.comm, allocatedBytes: holder.allocatedBytes };
  };
  await watch.becomes(view, named("first-name", 9));
  await a.rename("second-name");
  await watch.becomes(view, named("second-name", 9));
  await a.unmap(f);
  await a.map(f);
  await a.touch(f, 0, 9);
  await watch.becomes(view, named("second-name", 9));
  await a.finish();
});

test("exec that keeps the descriptor: the same holder under a new name, its mapping gone", async () => {
  const parent = await workload();
  const a = await parent.fork("a");
  await a.rename("before-exec");
  const f = await a.secret(12);
  await watch.becomes((snapshot) => holderOf(snapshot, a.pid)?.comm, "before-exec");
  await a.ask("exec keep");
  await watch.becomes(
    (snapshot) => {
      const { holders, files } = picture(snapshot, { a }, { f });
      return { ...holders, ...files };
    },
    {
      a: { resident: 0, allocated: 12, descriptors: 1, mappings: 0 },
      f: { resident: 12, holders: ["a"] },
    },
  );
  await watch.becomes((snapshot) => holderOf(snapshot, a.pid)?.comm, "secretwork");
  await parent.finish();
});

test("exec that keeps nothing: no holder, no file", async () => {
  const parent = await workload();
  const a = await parent.fork("a");
  const f = await a.secret(12);
  await watch.becomes((snapshot) => fileOf(snapshot, f)?.residentBytes, 12 * pageBytes);
  await a.ask("exec lose");
  await watch.becomes((snapshot) => [holderOf(snapshot, a.pid), fileOf(snapshot, f)], [undefined, undefined]);
  await parent.finish();
});

test("a reused pid is another process", async () => {
  const parent = await workload();
  const f = await parent.secret(200, 0);
  const first = await parent.fork("first");
  await first.rename("first");
  await first.touch(f, 0, 100);
  const began = await watch.until(
    "the first process has its 100 pages",
    (snapshot) => holderOf(snapshot, first.pid)?.allocatedBytes === 100 * pageBytes,
  );
  const firstStart = processTick(first.pid);
  await parent.end("first");
  const second = await parent.fork("second", first.pid);
  expect(second.pid).toBe(first.pid);
  expect(processTick(second.pid)).toBeGreaterThan(firstStart);
  await second.rename("second");
  await second.touch(f, 100, 7);
  await watch.becomes(
    (snapshot) => {
      const holder = holderOf(snapshot, second.pid);
      return [holder?.comm, holder?.startTicks, holder?.allocatedBytes, fileOf(snapshot, f)?.residentBytes];
    },
    ["second", processTick(second.pid), 7 * pageBytes, 107 * pageBytes],
  );
  expect(holderOf(began, first.pid)?.startTicks).toBe(firstStart);
  await parent.finish();
});

test("when all of them are gone there is nothing", async () => {
  await before.finish();
  await nothingLeft(
    watch,
    Object.values(early).map(({ worker }) => worker),
  );
});

test("who is ending keeps its cgroup, or has none that is known: it never seems to be in the root", async () => {
  const cgroup = MemoryCgroup.create(10_000);
  // The second sleep takes the shell's place and waits for no child: what ends stays a zombie.
  const parent = spawn("sh", ["-c", "sleep 600 & echo $!; exec sleep 600"], { stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => {
    parent.kill("SIGKILL");
  });
  const [line] = await once(parent.stdout, "data");
  const pid = Number(line);
  cgroup.add({ pid });
  expect(readProcess(pid)?.cgroup).toBe(cgroup.path);
  process.kill(pid, "SIGKILL");
  await vi.waitFor(() => expect(readStat(`/proc/${pid}`)?.state).toBe("Z"), seconds(5));
  expect(readProcess(pid)?.cgroup).toBe(cgroupVersion === "v1" ? null : cgroup.path);
});
