/** Claim: a recording of this machine, replayed, says what the live collector said at each sample, field for field. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Snapshot } from "../../collector/snapshot.ts";
import { TraceReplay } from "../../collector/sources/trace-file/replay.ts";
import { openRecording } from "../../collector/trace/recordLive.ts";
import { TraceFile } from "../../collector/trace/traceFile.ts";
import { workload } from "../truth/workload.ts";

test("live figures and replayed ones are the same at every sample, while a workload runs", async () => {
  const directory = mkdtempSync(join(tmpdir(), "secretscope-live-trace-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "trace.arrows");
  const { observation, close } = await openRecording({ intervalMs: 300, route: "auto" }, { path, tool: "live test" });
  onTestFinished(close);
  const lived = [observation.snapshot()];
  observation.onSnapshot((snapshot) => lived.push(snapshot));
  const passes = async (samples: number) => {
    const goal = lived.length + samples;
    while (lived.length < goal) await new Promise<void>((resolve) => observation.onSnapshot(() => resolve()));
  };

  const a = await workload();
  const file = await a.secret(64);
  await passes(3);
  const child = await a.fork("child");
  await child.touch(file, 0, 8);
  await a.secret(300, 200);
  await passes(3);
  await a.ask("kill child");
  await passes(3);
  await a.letGo(file);
  await passes(3);
  await close();

  const trace = new TraceFile(path);
  onTestFinished(() => trace.close());
  const replay = new TraceReplay(trace);
  const replayed: Snapshot[] = [];
  while (replay.step()) replayed.push(replay.snapshot());
  expect(replayed).toEqual(lived);
  expect(trace.damage).toEqual([]);
  expect(trace.end).toBe("whole");
  expect(lived.some(({ secret }) => secret.holders.length >= 2)).toBe(true);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});
