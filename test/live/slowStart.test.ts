/** A bpftrace that takes its time, or does not start for a while: a real one, behind a script of ours. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BpftraceVersion, findBpftrace } from "bpftrace-wrapper";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Event } from "../../collector/events.ts";
import { BpftraceSource } from "../../collector/sources/bpftrace/source.ts";
import { kernelSample } from "../../collector/sources/procfs/kernelSample.ts";
import { monotonicNs } from "../../collector/units.ts";
import { readOffer } from "../../probes/kernel/offer.ts";
import { detectSecretmem } from "../../probes/kernel/secretmem.ts";

const folder = mkdtempSync(join(tmpdir(), "secretscope-slow-start-"));
const slow = join(folder, "bpftrace");
const fickle = join(folder, "fickle");
/** While it is there, the fickle one ends at once. */
const broken = join(folder, "broken");
const now = () => monotonicNs(process.hrtime.bigint());
const secretmem = detectSecretmem();
let path = "";
let version: BpftraceVersion;

beforeAll(async () => {
  const finding = await findBpftrace({});
  if (finding.kind !== "found") throw new Error("bpftrace is not there");
  ({ path, version } = finding);
  writeFileSync(slow, `#!/bin/sh\nkill -STOP $$\nexec "${path}" "$@"\n`);
  writeFileSync(fickle, `#!/bin/sh\n[ ! -e ${broken} ] || exit 1\nexec "${path}" "$@"\n`);
  for (const script of [slow, fickle]) chmodSync(script, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

function source(patience: { goOnMs: number; giveUpMs: number }, script = slow) {
  const notices: string[] = [];
  const events: Event[] = [];
  const made = new BpftraceSource({
    path: script,
    version,
    kernel: readOffer(),
    choice: "auto",
    detail: "interval",
    device: secretmem.available ? secretmem.device.sDev : null,
    calls: undefined,
    intervalMs: 200,
    now,
    kernelSample: () => kernelSample(now()),
    cgroupPath: () => null,
    cgroupOfProcess: () => null,
    startOf: () => null,
    isGone: () => true,
    onChange: () => {},
    alsoBlind: [],
    onNotice: (notice) => notices.push(notice),
    patience,
  });
  return { made, notices, events };
}

const states = (events: readonly Event[]) => events.flatMap((event) => (event.kind === "probes" ? [event.state] : []));

test("the start goes on without it, nothing is called attached, and once it is, readings come", async () => {
  const { made, notices, events } = source({ goOnMs: 300, giveUpMs: 60_000 });
  await made.start((event) => events.push(event));
  expect(notices).toEqual(["the probes are not attached yet; going on with what /proc shows until they are"]);
  expect(made.attached).toBe(false);
  expect(await made.read(100)).toBe(false);
  expect(states(events)).toEqual([]);
  await expect.poll(() => readFileSync(`/proc/${made.pid}/stat`, "utf8")).toContain(" T ");
  process.kill(made.pid ?? 0, "SIGCONT");
  await expect.poll(() => states(events), { timeout: 60_000 }).toEqual(["attached"]);
  expect(await made.read(10_000)).toBe(true);
  await made.stop();
  expect(states(events)).toEqual(["attached", "stopped"]);
});

test("one that never attaches is ended, and started again", async () => {
  const { made, notices, events } = source({ goOnMs: 100, giveUpMs: 400 });
  await made.start((event) => events.push(event));
  const first = made.pid ?? 0;
  await expect.poll(() => states(events), { timeout: 60_000 }).toContain("lost");
  expect(notices.join("\n")).toMatch(/bpftrace did not attach within 0\.4 s\. Starting it again in 0\.25 s\./);
  expect(() => process.kill(first, 0)).toThrow("ESRCH");
  await made.stop();
}, 60_000);

test("one that does not start is given up, unless it did before: then it is tried until it does", async () => {
  const patience = { goOnMs: 60_000, giveUpMs: 60_000 };
  writeFileSync(broken, "");
  const never = source(patience, fickle);
  await never.made.start((event) => never.events.push(event));
  await expect.poll(() => states(never.events), { timeout: 20_000 }).toEqual(["lost", "lost", "failed"]);
  await never.made.stop();
  rmSync(broken);
  const { made, notices, events } = source(patience, fickle);
  await made.start((event) => events.push(event));
  writeFileSync(broken, "");
  process.kill(made.pid ?? 0, "SIGKILL");
  await expect.poll(() => states(events).filter((state) => state === "lost").length, { timeout: 30_000 }).toBe(5);
  rmSync(broken);
  await expect.poll(() => states(events).at(-1), { timeout: 60_000 }).toBe("attached");
  expect(states(events)).not.toContain("failed");
  expect(notices.filter((notice) => notice.includes("again in 1 s"))).toHaveLength(1);
  await made.stop();
}, 180_000);
