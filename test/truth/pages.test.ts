/** Claim: every page of secret memory is counted, once, for who made it and for who has it, whatever way it went. */
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Snapshot } from "../../collector/snapshot.ts";
import { confirmedByVmstat } from "./confirmed.ts";
import { descriptors, descriptorsInFlight, identity, mapped } from "./kernelFigures.ts";
import { lab, manyPages, pageBytes, routesProvedBy } from "./machine.ts";
import { fileOf, holderOf, nothingLeft, picture } from "./picture.ts";
import { cli, Watch } from "./watch.ts";
import { type Worker, Workload, workload } from "./workload.ts";

const held = (resident: number, allocated: number, descriptors: number, mappings: number) => ({
  resident,
  allocated,
  descriptors,
  mappings,
});

const saidToBeInFlight = ({ evidence }: Pick<Snapshot, "evidence">) =>
  Number.parseInt(evidence.reasons.find(({ kind }) => kind === "inFlight")?.text ?? "0", 10);
const who = (): Pick<Snapshot, "evidence"> =>
  JSON.parse(spawnSync(process.execPath, [cli, "who", "--json"], { encoding: "utf8" }).stdout);

/** What the snapshot and what /proc say of one process. */
const said = (snapshot: Snapshot, { pid }: Worker) => {
  const holder = holderOf(snapshot, pid);
  if (!holder) return null;
  const { residentBytes, proportionalBytes, mappings, mappedBytes, uid, cgroup, memlockLimitBytes } = holder;
  const own = { residentBytes, proportionalBytes, mappings, mappedBytes, descriptors: holder.descriptors };
  return { ...own, uid, cgroup, memlockLimitBytes };
};
const kernelSays = ({ pid }: Worker) => ({ ...mapped(pid), descriptors: descriptors(pid), ...identity(pid) });

describe.each(routesProvedBy("debian13"))("pages by the %s route", (route) => {
  let watch: Watch;
  beforeAll(async () => {
    watch = await Watch.shared(route);
  });
  afterAll(() => watch?.finish());

  test.each([1, 513, manyPages])("%i pages are there, equal to smaps and nr_unevictable, and gone", async (pages) => {
    const a = await workload();
    const f = await confirmedByVmstat(a, pages);
    await watch.becomes((snapshot) => picture(snapshot, { a }, { f }), {
      holders: { a: held(pages, pages, 1, 1) },
      files: { f: { resident: pages, holders: ["a"] } },
      resident: pages,
      unheld: 0,
    });
    const snapshot = await watch.becomes(
      (each) => said(each, a),
      () => kernelSays(a),
    );
    expect(fileOf(snapshot, f)?.creatorPid).toBe(a.pid);
    expect(snapshot.hibernation).toMatchObject({ blocked: true });
    expect(snapshot.hibernation.by).toContain(a.pid);
    await a.finish();
    await nothingLeft(watch, [a]);
  });

  test("four processes at once, each its own count", async () => {
    const counts = [1, 700, 5000, Math.floor(manyPages / 8)];
    const all = await Promise.all(counts.map(() => workload()));
    const files = await Promise.all(all.map((each, i) => each.secret(counts[i] ?? 0)));
    const numbered = <T>(values: readonly T[]) => Object.fromEntries(values.map((value, i) => [String(i), value]));
    await watch.becomes((snapshot) => picture(snapshot, numbered(all), numbered(files)), {
      holders: numbered(counts.map((count) => held(count, count, 1, 1))),
      files: numbered(counts.map((count, i) => ({ resident: count, holders: [String(i)] }))),
      resident: counts.reduce((total, count) => total + count, 0),
      unheld: 0,
    });
    await Promise.all(all.map((each) => each.finish()));
    await nothingLeft(watch, all);
  });

  test("two files, a second descriptor and pages of both in one process", async () => {
    const a = await workload();
    const f = await a.secret(100, 60);
    const g = await a.secret(10, 0);
    await a.ask(`dup ${f.id}`);
    await watch.becomes((snapshot) => picture(snapshot, { a }, { f, g }), {
      holders: { a: held(60, 60, 3, 2) },
      files: { f: { resident: 60, holders: ["a"] }, g: { resident: 0, holders: ["a"] } },
      resident: 60,
      unheld: 0,
    });
    await a.finish();
    await nothingLeft(watch, [a]);
  });

  test("fork, then touched in parent and child", async () => {
    const parent = await workload();
    const f = await parent.secret(1000, 0);
    const child = await parent.fork("child");
    await parent.touch(f, 0, 300);
    await child.touch(f, 300, 50);
    await watch.becomes((snapshot) => picture(snapshot, { parent, child }, { f }), {
      holders: { parent: held(300, 300, 1, 1), child: held(50, 50, 1, 1) },
      files: { f: { resident: 350, holders: ["child", "parent"] } },
      resident: 350,
      unheld: 0,
    });
    // Reading what the other made allocates nothing, and divides the shared pages.
    await child.touch(f, 0, 100);
    await watch.becomes((snapshot) => picture(snapshot, { child }, {}).holders, { child: held(150, 50, 1, 1) });
    for (const each of [parent, child])
      await watch.becomes(
        (snapshot) => said(snapshot, each),
        () => kernelSays(each),
      );
    await parent.finish();
    await nothingLeft(watch, [parent, child]);
  });

  test("mapped with the descriptor closed", async () => {
    const a = await workload();
    const f = await a.secret(40);
    await a.close(f);
    await watch.becomes((snapshot) => picture(snapshot, { a }, { f }), {
      holders: { a: held(40, 40, 0, 1) },
      files: { f: { resident: 40, holders: ["a"] } },
      resident: 40,
      unheld: 0,
    });
    await a.unmap(f);
    await nothingLeft(watch, [a]);
  });

  test("open but unmapped", async () => {
    const a = await workload();
    const f = await a.secret(40);
    await a.unmap(f);
    await watch.becomes((snapshot) => picture(snapshot, { a }, { f }), {
      holders: { a: held(0, 40, 1, 0) },
      files: { f: { resident: 40, holders: ["a"] } },
      resident: 40,
      unheld: 0,
    });
    await a.close(f);
    await nothingLeft(watch, [a]);
  });

  test("touched window by window, with little mapped at a time", async () => {
    const a = await workload();
    const f = await a.create();
    await a.ask(`size ${f.id} 2000`);
    await a.ask(`window ${f.id} 0 2000 16`);
    await watch.becomes((snapshot) => picture(snapshot, { a }, { f }), {
      holders: { a: held(0, 2000, 1, 0) },
      files: { f: { resident: 2000, holders: ["a"] } },
      resident: 2000,
      unheld: 0,
    });
    await a.finish();
    await nothingLeft(watch, [a]);
  });

  test("passed over SCM_RIGHTS, closed by the creator, freed by the receiver", async () => {
    const creator = await workload();
    const receiver = await creator.fork("receiver");
    const f = await creator.secret(77);
    const received = await creator.send(f, "receiver");
    await watch.becomes((snapshot) => picture(snapshot, { creator, receiver }, { f }).files, {
      f: { resident: 77, holders: ["creator", "receiver"] },
    });
    await creator.letGo(f);
    const snapshot = await watch.becomes((each) => picture(each, { creator, receiver }, { f }), {
      holders: { creator: null, receiver: held(0, 0, 1, 0) },
      files: { f: { resident: 77, holders: ["receiver"] } },
      resident: 77,
      unheld: 0,
    });
    expect(fileOf(snapshot, f)?.creatorPid).toBe(creator.pid);
    await receiver.close(received);
    await nothingLeft(watch, [creator, receiver]);
  });

  test("in flight in a socket: resident, and held by nobody", async () => {
    const a = await workload();
    const f = await a.secret(33);
    const { socket } = await a.ask(`inflight ${f.id}`);
    await watch.becomes((snapshot) => picture(snapshot, { a }, { f }), {
      holders: { a: null },
      files: { f: { resident: 33, holders: [] } },
      resident: 33,
      unheld: 33,
    });
    await a.ask(`drop-socket ${socket}`);
    await nothingLeft(watch, [a]);
  });

  test("the maker is dead, the others keep its pages", async () => {
    const parent = await workload();
    const f = await parent.secret(20, 5);
    const maker = await parent.fork("maker");
    await maker.touch(f, 5, 15);
    await watch.becomes((snapshot) => picture(snapshot, { parent, maker }, { f }).files, {
      f: { resident: 20, holders: ["maker", "parent"] },
    });
    await parent.end("maker");
    await watch.becomes((snapshot) => picture(snapshot, { parent, maker }, { f }), {
      holders: { parent: held(5, 5, 1, 1), maker: null },
      files: { f: { resident: 20, holders: ["parent"] } },
      resident: 20,
      unheld: 0,
    });
    await parent.finish();
    await nothingLeft(watch, [parent]);
  });
});

describe("without BPF", () => {
  let watch: Watch;
  let sender: Workload;
  let socket: string | undefined;
  beforeAll(async () => {
    sender = await Workload.start();
    const f = await sender.secret(33);
    socket = (await sender.ask(`inflight ${f.id}`)).socket;
    watch = await Watch.start({ route: "procfs" });
  });
  afterAll(async () => {
    await sender?.finish();
    await watch?.finish();
  });

  test("what is mapped is still exact", async () => {
    const a = await workload();
    const f = await a.secret(500, 321);
    await watch.becomes((snapshot) => holderOf(snapshot, a.pid)?.residentBytes, 321 * pageBytes);
    await watch.becomes(
      (snapshot) => said(snapshot, a),
      () => kernelSays(a),
    );
    const snapshot = await watch.next();
    expect(holderOf(snapshot, a.pid)?.allocatedBytes).toBeNull();
    expect(fileOf(snapshot, f)?.holders).toEqual([a.pid]);
    await a.finish();
  });

  test("in flight since before the start: nobody can know it, and that is said", async () => {
    /** What is said is what whoever looks now finds. Others on this machine may send some too. */
    const found = () => watch.becomes(saidToBeInFlight, descriptorsInFlight);
    const before = descriptorsInFlight();
    expect(before).toBeGreaterThan(0);
    const { hibernation } = await found();
    if (hibernation.by.length === 0) expect(hibernation.blocked).toBeNull();
    if (!lab) expect(saidToBeInFlight(who())).toBe(descriptorsInFlight());
    await sender.ask(`drop-socket ${socket}`);
    expect(descriptorsInFlight()).toBeLessThan(before);
    await found();
  });
});
