/** Claim: what the kernel turns down is counted, once an attempt, for the process that asked. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RefusalView, Snapshot } from "../../collector/snapshot.ts";
import { accountingOf, mapped } from "./kernelFigures.ts";
import { pageBytes, routesProvedBy } from "./machine.ts";
import { holderOf, nothingLeft } from "./picture.ts";
import { Watch } from "./watch.ts";
import { type Worker, Workload, workload } from "./workload.ts";

const accounting = await accountingModel();
async function accountingModel(): Promise<"mlock" | "user"> {
  const canary = await Workload.start();
  try {
    await canary.secret(1);
    return accountingOf(canary.pid);
  } finally {
    await canary.finish();
  }
}

const eagain = { code: "EAGAIN" };
const einval = { code: "EINVAL" };

/** An ordinary user of no other test, so that nobody else's pages count against the limit. */
const ordinaryUser = 65_500;

async function ordinary(parent: Workload, limitBytes: number): Promise<Worker> {
  const worker = await parent.fork("ordinary");
  await worker.ask(`memlock ${limitBytes}`);
  await worker.ask(`uid ${ordinaryUser}`);
  return worker;
}

const of = (snapshot: Snapshot, { pid }: Worker) => {
  const holder = holderOf(snapshot, pid);
  if (!holder) return null;
  const { uid, memlockLimitBytes, residentBytes, refused } = holder;
  return { uid, memlockLimitBytes, resident: residentBytes === null ? null : residentBytes / pageBytes, refused };
};

describe.each(routesProvedBy("forky"))("refusals by the %s route", (route) => {
  let watch: Watch;
  beforeAll(async () => {
    watch = await Watch.shared(route);
  });
  afterAll(() => watch?.finish());

  test("the accounting model is known", async () => {
    expect((await watch.next()).host.accounting).toBe(accounting);
  });

  test("memfd_secret with bad flags: EINVAL, once each", async () => {
    const a = await workload();
    await a.secret(3);
    for (let attempt = 0; attempt < 4; attempt += 1)
      await expect(a.create(0x40 + attempt)).rejects.toMatchObject(einval);
    const refusals: readonly RefusalView[] = [{ what: "create", code: "EINVAL", count: 4 }];
    await watch.becomes((snapshot) => holderOf(snapshot, a.pid)?.refusals, refusals);
    await a.finish();
    await nothingLeft(watch, [a]);
  });

  test("whoever holds nothing is counted in all, and named", async () => {
    const a = await workload();
    const total = ({ secret }: Snapshot) => secret.refusals.reduce((sum, { count }) => sum + count, 0);
    const before = total(await watch.next());
    for (let attempt = 0; attempt < 5; attempt += 1) await expect(a.create(0x40)).rejects.toMatchObject(einval);
    const refusedTo = ({ secret }: Snapshot) => secret.refusedProcesses.find(({ pid }) => pid === a.pid);
    await watch.becomes((snapshot) => refusedTo(snapshot)?.count, 5);
    const snapshot = await watch.next();
    expect(refusedTo(snapshot)).toMatchObject({ what: "create", code: "EINVAL", uid: 0, comm: "secretwork" });
    expect(snapshot.secret.holders.some(({ pid }) => pid === a.pid)).toBe(false);
    expect(total(snapshot)).toBe(before + 5);
    await a.finish();
    await nothingLeft(watch, [a]);
    expect(total(await watch.next())).toBe(before + 5);
  });

  if (accounting === "mlock") {
    test("mapping more than the limit: EAGAIN at mmap, once an attempt", async () => {
      const parent = await workload();
      const a = await ordinary(parent, 16 * pageBytes);
      const small = await a.secret(4);
      const big = await a.create();
      await a.ask(`size ${big.id} 1000`);
      const expected = { uid: ordinaryUser, memlockLimitBytes: 16 * pageBytes, resident: 4, refused: 0 };
      await watch.becomes((snapshot) => of(snapshot, a), expected);
      for (let attempt = 0; attempt < 3; attempt += 1) await expect(a.map(big)).rejects.toMatchObject(eagain);
      await expect(a.create(1)).rejects.toMatchObject(einval);
      await watch.becomes((snapshot) => of(snapshot, a), { ...expected, refused: 4 });
      expect(holderOf(await watch.next(), a.pid)?.refusals).toEqual([
        { what: "map", code: "EAGAIN", count: 3 },
        { what: "create", code: "EINVAL", count: 1 },
      ]);
      expect(mapped(a.pid).mappedBytes).toBe(4 * pageBytes);
      // Window by window it goes past the limit, and nothing is refused.
      await a.letGo(small);
      await a.ask(`window ${big.id} 0 1000 16`);
      await watch.becomes((snapshot) => of(snapshot, a), { ...expected, resident: 0, refused: 4 });
      await parent.finish();
      await nothingLeft(watch, [a, parent]);
    });

    test("root is exempt", async () => {
      const a = await workload();
      await a.ask(`memlock ${16 * pageBytes}`);
      await a.secret(100);
      await watch.becomes((snapshot) => of(snapshot, a), {
        uid: 0,
        memlockLimitBytes: 16 * pageBytes,
        resident: 100,
        refused: 0,
      });
      await a.finish();
      await nothingLeft(watch, [a]);
    });
  } else {
    test("touching more than the limit: SIGBUS at page 257 of 1 MiB, once an attempt", async () => {
      const parent = await workload();
      const a = await ordinary(parent, 256 * pageBytes);
      const f = await a.secret(400, 0);
      expect(await a.touch(f, 0, 400)).toBe(256);
      for (let attempt = 0; attempt < 2; attempt += 1) expect(await a.touch(f, 256, 1)).toBe(0);
      await watch.becomes((snapshot) => of(snapshot, a), {
        uid: ordinaryUser,
        memlockLimitBytes: 256 * pageBytes,
        resident: 256,
        refused: 3,
      });
      await parent.finish();
      await nothingLeft(watch, [a, parent]);
    });

    test("root is not exempt", async () => {
      const a = await workload();
      await a.ask(`memlock ${256 * pageBytes}`);
      const f = await a.secret(400, 0);
      // Root may have other locked memory (a perf buffer), which counts against the same limit.
      const touched = await a.touch(f, 0, 400);
      expect(touched).toBeLessThanOrEqual(256);
      await watch.becomes((snapshot) => of(snapshot, a), {
        uid: 0,
        memlockLimitBytes: 256 * pageBytes,
        resident: touched,
        refused: 1,
      });
      await a.finish();
      await nothingLeft(watch, [a]);
    });
  }
});
