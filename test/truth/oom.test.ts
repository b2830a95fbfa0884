/** Claim: an OOM kill is told as it was: who, through whom, at whose limit, and what it gave back of secret memory. */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OomKillView } from "../../collector/snapshot.ts";
import { MemoryCgroup } from "./cgroups.ts";
import { memoryCgroupOf, vmstat } from "./kernelFigures.ts";
import { lab, pageBytes, routesProvedBy } from "./machine.ts";
import { nothingLeft, picture } from "./picture.ts";
import { Watch } from "./watch.ts";
import { Gone, type Worker, workload } from "./workload.ts";

/** 64 MiB. */
const limitPages = 16_384;

const killed = (worker: Worker, pages: number, size?: "4K" | "huge") =>
  expect(worker.eat(pages, size)).rejects.toSatisfy((error) => error instanceof Gone && error.signal === "signal 9");

/** More likely to be chosen; to be less likely takes CAP_SYS_RESOURCE, which a root may lack. */
const prefer = (worker: Worker, score: number) => writeFileSync(`/proc/${worker.pid}/oom_score_adj`, String(score));

describe.each(routesProvedBy("debian12"))("OOM kills by the %s route", (route) => {
  let watch: Watch;
  beforeAll(async () => {
    watch = await Watch.shared(route);
  });
  afterAll(() => watch?.finish());

  /** The one kill of this process, once it stays as expected; the time is checked to be a time. */
  async function told(victim: Worker, expected: Omit<OomKillView, "time">): Promise<void> {
    const snapshot = await watch.becomes(
      ({ oom }) => oom.recent.filter((kill) => kill.victim.pid === victim.pid).map(({ time: _, ...kill }) => kill),
      [expected],
    );
    const { time } = snapshot.oom.recent.find((kill) => kill.victim.pid === victim.pid) ?? { time: "" };
    expect(Math.abs(Date.now() - Date.parse(time))).toBeLessThan(120_000);
    expect(snapshot.oom.kills).toBe(vmstat("oom_kill"));
  }

  test("sole holder: the kill frees all its secret memory", async () => {
    const root = await workload();
    const cgroup = MemoryCgroup.create(limitPages);
    const [victim, hungry] = [await root.fork("v"), await root.fork("h")];
    await victim.rename("victim");
    await hungry.rename("hungry");
    for (const each of [victim, hungry]) cgroup.add(each);
    prefer(victim, 900);
    const path = memoryCgroupOf(victim.pid);
    const f = await victim.secret(8000);
    await watch.becomes((snapshot) => picture(snapshot, { victim }, { f }).resident, 8000);
    // 8000 + 10 000 is over the limit; what the victim leaves is enough. But secret pages cannot be reaped: where the
    // victim takes long to end, the kernel sees nothing come back and shoots the next one too (mm/oom_kill.c, MMF_OOM_SKIP).
    await hungry.eat(10_000).catch((error) => {
      if (!(error instanceof Gone && error.signal === "signal 9")) throw error;
    });
    expect(await root.end("v")).toBe("signal 9");
    await told(victim, {
      victim: { pid: victim.pid, comm: "victim", uid: 0, cgroup: path },
      trigger: { pid: hungry.pid, comm: "hungry" },
      constraint: "memcg",
      cgroup: cgroup.path,
      secretResidentBytes: 8000 * pageBytes,
      secretFreedBytes: 8000 * pageBytes,
    });
    await root.finish();
    await nothingLeft(watch, [victim]);
  });

  test("held outside the cgroup too: the kill frees none, a futile kill", async () => {
    const root = await workload();
    const cgroup = MemoryCgroup.create(limitPages);
    const f = await root.secret(8000, 0);
    const victim = await root.fork("v");
    await victim.rename("futile");
    cgroup.add(victim);
    const path = memoryCgroupOf(victim.pid);
    await victim.touch(f, 0, 8000);
    await watch.becomes((snapshot) => picture(snapshot, { root, victim }, { f }).resident, 8000);
    await killed(victim, 12_000);
    await told(victim, {
      victim: { pid: victim.pid, comm: "futile", uid: 0, cgroup: path },
      trigger: { pid: victim.pid, comm: "futile" },
      constraint: "memcg",
      cgroup: cgroup.path,
      secretResidentBytes: 8000 * pageBytes,
      secretFreedBytes: 0,
    });
    await watch.becomes((snapshot) => picture(snapshot, { root, victim }, { f }), {
      holders: { root: { resident: 0, allocated: 0, descriptors: 1, mappings: 1 }, victim: null },
      files: { f: { resident: 8000, holders: ["root"] } },
      resident: 8000,
      unheld: 0,
    });
    await root.finish();
    await nothingLeft(watch, [root, victim]);
  });

  test("charged by a process that left: a newcomer pays, an innocent victim", async () => {
    const root = await workload();
    const cgroup = MemoryCgroup.create(limitPages);
    const f = await root.secret(12_000, 0);
    const left = await root.fork("left");
    cgroup.add(left);
    await left.touch(f, 0, 12_000);
    await root.end("left");
    const charge = { cgroup: cgroup.path, bytes: 12_000 * pageBytes, withoutHolderBytes: 12_000 * pageBytes };
    await watch.becomes(({ secret }) => secret.charges, [charge]);
    const newcomer = await root.fork("newcomer");
    await newcomer.letGo(f);
    await newcomer.rename("newcomer");
    cgroup.add(newcomer);
    const path = memoryCgroupOf(newcomer.pid);
    await watch.becomes((snapshot) => picture(snapshot, { root, newcomer }, { f }).holders.newcomer, null);
    await killed(newcomer, 6000);
    await told(newcomer, {
      victim: { pid: newcomer.pid, comm: "newcomer", uid: 0, cgroup: path },
      trigger: { pid: newcomer.pid, comm: "newcomer" },
      constraint: "memcg",
      cgroup: cgroup.path,
      secretResidentBytes: 12_000 * pageBytes,
      secretFreedBytes: 0,
    });
    await root.finish();
    await nothingLeft(watch, [root, left, newcomer]);
  });

  if (lab && route === "tracepoint") {
    test("the whole machine out of memory: constraint none", async () => {
      const root = await workload();
      const victim = await root.fork("v");
      await victim.rename("glutton");
      prefer(victim, 1000);
      const path = memoryCgroupOf(victim.pid);
      const f = await victim.secret(2000);
      await watch.becomes((snapshot) => picture(snapshot, { victim }, { f }).resident, 2000);
      await killed(victim, 1 << 21, "huge");
      // Whoever asked for the last page triggered it; that need not be the glutton.
      await watch.becomes(
        ({ oom }) => {
          const kills = oom.recent.filter((kill) => kill.victim.pid === victim.pid);
          return kills.map(({ time: _, trigger: __, ...kill }) => kill);
        },
        [
          {
            victim: { pid: victim.pid, comm: "glutton", uid: 0, cgroup: path },
            constraint: "none" as const,
            cgroup: null,
            secretResidentBytes: 2000 * pageBytes,
            secretFreedBytes: 2000 * pageBytes,
          },
        ],
        40,
      );
      await root.finish();
      await nothingLeft(watch, [victim]);
    });
  }
});
