/** Claim: whatever is late, lost or killed on the way, the totals are exact afterwards, and the evidence says so. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Snapshot } from "../../collector/snapshot.ts";
import { descendants } from "./kernelFigures.ts";
import { manyProcesses } from "./machine.ts";
import { nothingLeft, picture } from "./picture.ts";
import { Watch } from "./watch.ts";
import { type SecretFile, type Worker, workload } from "./workload.ts";

/** The one bpftrace of this watch. */
function bpftraceOf(watch: Watch): number {
  const [pid, ...more] = descendants(watch.pid, "bpftrace");
  if (pid === undefined || more.length > 0) throw new Error(`${more.length + 1} bpftrace below watch ${watch.pid}`);
  return pid;
}

/** Stops bpftrace for two seconds or for as long as the load takes. */
async function whileStopped(bpftrace: number, load: () => Promise<void>): Promise<void> {
  process.kill(bpftrace, "SIGSTOP");
  try {
    await Promise.all([load(), new Promise((done) => setTimeout(done, 2000))]);
  } finally {
    process.kill(bpftrace, "SIGCONT");
  }
}

const exactly = (watch: Watch, a: Worker, f: SecretFile, pages: number) =>
  watch.becomes((snapshot) => picture(snapshot, { a }, { f }), {
    holders: { a: { resident: pages, allocated: pages, descriptors: 1, mappings: 1 } },
    files: { f: { resident: pages, holders: ["a"] } },
    resident: pages,
    unheld: 0,
  });

/** Gives a reason for doubt that was not given when all was calm. */
const doubts =
  (calm: Snapshot) =>
  ({ evidence }: Snapshot) =>
    evidence.why.some((reason) => !calm.evidence.why.includes(reason));

const told = ({ evidence }: Snapshot) => [evidence.restarts, evidence.gaps.length];

describe("one bpftrace, stopped and then killed", () => {
  let watch: Watch;
  beforeAll(async () => {
    watch = await Watch.start();
  });
  afterAll(() => watch?.finish());

  test("bpftrace stopped for two seconds under load: late is said, and then all is exact", async () => {
    const [a, crowd] = [await workload(), await workload()];
    const f = await a.secret(20_000, 1000);
    const calm = await exactly(watch, a, f, 1000);
    const heard = watch.record();
    await whileStopped(bpftraceOf(watch), async () => {
      await Promise.all([a.touch(f, 1000, 19_000), crowd.ask(`churn ${manyProcesses} 3 8`)]);
    });
    const { evidence } = await exactly(watch, a, f, 20_000);
    expect(evidence.lost > 0 || heard.some(doubts(calm)), "nothing was said of two silent seconds").toBe(true);
    expect(evidence.restarts).toBe(0);
    await a.finish();
    await nothingLeft(watch, [a]);
  });

  test("bpftrace killed: started again, one gap in the evidence, totals right again", async () => {
    const before = (await watch.next()).evidence;
    const a = await workload();
    const f = await a.secret(3000, 500);
    await exactly(watch, a, f, 500);
    const killed = bpftraceOf(watch);
    process.kill(killed, "SIGKILL");
    await a.touch(f, 500, 100);
    const gone = await a.secret(50);
    await a.letGo(gone);
    const { evidence } = await watch.until(
      "it was started again, and there is a gap",
      (each) => told(each).join() === [before.restarts + 1, before.gaps.length + 1].join(),
      40,
    );
    const gap = evidence.gaps.at(-1);
    expect(Date.parse(gap?.to ?? "")).toBeGreaterThanOrEqual(Date.parse(gap?.from ?? ""));
    expect(gap?.reason).not.toBe("");
    // Who made the pages of the gap is not known; how many there are and who has them is.
    const held = (snapshot: Snapshot) => {
      const { holders, ...rest } = picture(snapshot, { a }, { f });
      return { ...rest, held: holders.a && { ...holders.a, allocated: undefined } };
    };
    const expected = (pages: number) => ({
      held: { resident: pages, allocated: undefined, descriptors: 1, mappings: 1 },
      files: { f: { resident: pages, holders: ["a"] } },
      resident: pages,
      unheld: 0,
    });
    await watch.becomes(held, expected(600), 40);
    await watch.until(
      "a new bpftrace runs",
      () => descendants(watch.pid, "bpftrace").some((pid) => pid !== killed),
      40,
    );
    await a.touch(f, 600, 2400);
    const last = await watch.becomes(held, expected(3000));
    expect(told(last)).toEqual([before.restarts + 1, before.gaps.length + 1]);
    await a.finish();
    await nothingLeft(watch, [a]);
  });
});

test("a perf buffer of one page: lines are lost, and counted, and the totals are exact", async () => {
  const watch = await Watch.start({ env: { SECRETSCOPE_PERF_PAGES: "1" } });
  onTestFinished(() => watch.finish());
  const [a, crowd] = [await workload(), await workload()];
  const f = await a.secret(5000, 500);
  await exactly(watch, a, f, 500);
  // Stopped as well: a reader that keeps up loses nothing even with one page.
  await whileStopped(bpftraceOf(watch), async () => {
    await crowd.ask(`churn ${manyProcesses} 1 8`);
    await a.touch(f, 500, 4500);
  });
  await exactly(watch, a, f, 5000);
  const { evidence } = await watch.until("some lines are said to be lost", (each) => each.evidence.lost > 0);
  expect(evidence.restarts).toBe(0);
  await a.finish();
  await nothingLeft(watch, [a]);
});
