/**
 * Claim: replay equals live. Each guest of the lab recorded the same story (test/fixtures/traces/inside.mjs) on its own
 * kernel; every snapshot that was shown there comes out of the recording again.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { playback } from "../../../collector/trace/playback.ts";
import { TraceFile } from "../../../collector/trace/traceFile.ts";
import { expectLived } from "./lived.ts";

const repository = join(import.meta.dirname, "../../..");
const folder = join(repository, "test/fixtures/traces");
const demo = join(repository, "tui/demo/recording.arrows");

const guests = [
  ["debian12", /^6\.1\./, join(folder, "lab-debian12.arrows")],
  ["debian13", /^6\.12\./, demo],
  ["forky", /^7\./, join(folder, "lab-forky.arrows")],
] as const;

describe.each(guests)("%s", (guest, kernel, path) => {
  const lived = () => gunzipSync(readFileSync(join(folder, `lab-${guest}.jsonl.gz`)));

  test("every sample is replayed as it was shown", () => {
    const shown = expectLived(path, lived());
    expect(shown.length).toBeGreaterThan(60);
    expect(shown.at(-1)?.host).toMatchObject({ name: guest, kernel: expect.stringMatching(kernel) });
  });

  /** So that what is compared means something. */
  test("there was something to see: splits of three causes, refusals, two kinds of OOM kill, a gap, a cgroup", () => {
    const shown = lived()
      .toString("utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const last = shown.at(-1);
    const causes = new Set(last.splitCauses.map(({ cause }: { cause: string }) => cause));
    expect([...causes]).toEqual(expect.arrayContaining(["secretmem", "module", "bpf"]));
    expect(last.oom.recent).toHaveLength(2);
    const freed = last.oom.recent.map((kill: { secretFreedBytes: number }) => kill.secretFreedBytes > 0);
    expect(freed.toSorted()).toEqual([false, true]);
    expect(last.evidence.restarts).toBeGreaterThanOrEqual(1);
    expect(last.evidence.gaps.length).toBeGreaterThanOrEqual(1);
    const holders = shown.flatMap(({ secret }) => secret.holders);
    expect(holders.some(({ cgroup }) => cgroup === "/system.slice/vault.service")).toBe(true);
    expect(holders.some(({ refused }) => refused > 0)).toBe(true);
    expect(new Set(holders.map(({ uid }) => uid)).size).toBeGreaterThanOrEqual(3);
  });
});

test("the demo is small, and whoever is afraid of strangers' files need not be of this one: no address is in it", () => {
  expect(statSync(demo).size).toBeLessThan(200 << 10);
  const file = new TraceFile(demo);
  const events = [...playback(file)].flatMap((part) => part.events);
  const [first, last] = [file.batches[0]?.from ?? 0n, file.lastTime ?? 0n];
  file.close();
  expect(Number(last - first) / 1e9).toBeGreaterThan(60);
  const stacks = events.flatMap((event) => (event.kind === "split" ? event.stack : []));
  expect(stacks.length).toBeGreaterThan(0);
  expect(stacks.filter((frame) => /ffff[0-9a-f]{8,}/.test(frame))).toEqual([]);
});
