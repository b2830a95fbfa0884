/** A bpftrace that takes its time: a real one, stopped by a signal before it begins. */
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
const now = () => monotonicNs(process.hrtime.bigint());
const secretmem = detectSecretmem();
let path = "";
let version: BpftraceVersion;

beforeAll(async () => {
  const finding = await findBpftrace({});
  if (finding.kind !== "found") throw new Error("bpftrace is not there");
  ({ path, version } = finding);
  writeFileSync(slow, `#!/bin/sh\nkill -STOP $$\nexec "${path}" "$@"\n`);
  chmodSync(slow, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

function source(patience: { goOnMs: number; giveUpMs: number }) {
  const notices: string[] = [];
  const events: Event[] = [];
  const made = new BpftraceSource({
    path: slow,
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
  expect(notices.join("\n")).toMatch(/bpftrace did not attach within 0\.4 s\. Starting it again in 250 ms\./);
  expect(() => process.kill(first, 0)).toThrow("ESRCH");
  await made.stop();
}, 60_000);
