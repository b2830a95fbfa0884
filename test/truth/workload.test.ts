/** Claim: the witness is right. What secretwork says it did is what /proc says it did; no secretscope here. */
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { MemoryCgroup } from "./cgroups.ts";
import { confirmedByVmstat } from "./confirmed.ts";
import { descriptors, holdersNow, identity, mapped, memoryCgroupOf, processTick, vmstat } from "./kernelFigures.ts";
import { manyPages, pageBytes } from "./machine.ts";
import { Gone, type Refused, workload } from "./workload.ts";

test("pages touched are pages mapped, and pages that nr_unevictable counts", async () => {
  const a = await workload();
  const f = await confirmedByVmstat(a, manyPages);
  const mappedBytes = manyPages * pageBytes;
  expect(mapped(a.pid)).toEqual({
    mappings: 1,
    mappedBytes,
    residentBytes: mappedBytes,
    proportionalBytes: mappedBytes,
  });
  expect(descriptors(a.pid)).toBe(1);
  await a.unmap(f);
  expect(mapped(a.pid).mappings).toBe(0);
  expect(holdersNow()).toContain(a.pid);
  await a.close(f);
  expect(holdersNow()).not.toContain(a.pid);
});

test("in flight: resident, and in nobody's hands, until the socket is closed", async () => {
  const a = await workload();
  const f = await confirmedByVmstat(a, 5000);
  const { socket } = await a.ask(`inflight ${f.id}`);
  expect(holdersNow()).not.toContain(a.pid);
  const inFlight = vmstat("nr_unevictable");
  await a.ask(`drop-socket ${socket}`);
  // Within what others do meanwhile; that it is exact is for the suite to prove.
  expect(inFlight - vmstat("nr_unevictable")).toBeGreaterThan(4900);
});

test("a child with just the pid that was freed, started later", async () => {
  const parent = await workload();
  const first = await parent.fork("first");
  const started = processTick(first.pid);
  expect(await parent.end("first", "kill")).toBe("signal 9");
  while (Number(process.hrtime.bigint() / 10_000_000n) <= started) await new Promise(setImmediate);
  const second = await parent.fork("second", first.pid);
  expect(second.pid).toBe(first.pid);
  expect(processTick(second.pid)).toBeGreaterThan(started);
});

test("exec, another user, a limit, and a file sent to a child", async () => {
  const parent = await workload();
  const f = await parent.secret(10);
  const child = await parent.fork("child");
  await child.letGo(f);
  const received = await parent.send(f, "child");
  await child.map(received);
  expect(await child.touch(received, 0, 10)).toBe(10);
  await child.ask("exec keep");
  expect([descriptors(child.pid), mapped(child.pid).mappings]).toEqual([1, 0]);
  await child.ask("memlock 65536");
  await child.ask("uid 65500");
  expect(identity(child.pid)).toMatchObject({ uid: 65_500, memlockLimitBytes: 65_536 });
  await expect(child.create(99)).rejects.toMatchObject({ code: "EINVAL" } satisfies Partial<Refused>);
});

test("out of memory in a cgroup of its own, and only there", async () => {
  const parent = await workload();
  const cgroup = MemoryCgroup.create(4096);
  const child = await parent.fork("child");
  cgroup.add(child);
  expect(memoryCgroupOf(child.pid)).toBe(cgroup.path);
  writeFileSync(`/proc/${child.pid}/oom_score_adj`, "500");
  const kills = vmstat("oom_kill");
  await child.secret(1000);
  await expect(child.eat(5000)).rejects.toBeInstanceOf(Gone);
  expect(vmstat("oom_kill")).toBe(kills + 1);
  expect((await parent.ask("pid")).pid).toBe(String(parent.pid));
});

test("a thousand short-lived processes leave nothing", async () => {
  const a = await workload();
  expect(await a.ask("churn 1000 3 8")).toMatchObject({ processes: "1000", well: "1000" });
  expect(holdersNow()).not.toContain(a.pid);
});
