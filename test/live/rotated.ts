/** A recording of this machine in several files, and what was shown live while each was written. Made once. */
import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Snapshot } from "../../collector/snapshot.ts";
import { TraceReplay } from "../../collector/sources/trace-file/replay.ts";
import { openRecording } from "../../collector/trace/recordLive.ts";
import { TraceFile } from "../../collector/trace/traceFile.ts";
import { workload } from "../truth/workload.ts";

export interface Rotated {
  readonly folder: string;
  /** The second file: it begins with a checkpoint, and a third one follows it. */
  readonly path: string;
  /** Shown live while it was written, in order. */
  readonly lived: readonly Snapshot[];
}

let made: Promise<Rotated> | undefined;

/** Call it within a test. The folder is the caller's to remove. */
export function rotated(): Promise<Rotated> {
  made ??= make();
  return made;
}

async function make(): Promise<Rotated> {
  const folder = mkdtempSync(join(tmpdir(), "secretscope-rotated-"));
  // As small as it gets: a file is full when it is some checkpoints long.
  const into = { path: join(folder, "t.arrows"), tool: "live test", maxBytes: 1 };
  const { observation, close } = await openRecording({ intervalMs: 200, route: "auto" }, into);
  const lived = [observation.snapshot()];
  observation.onSnapshot((snapshot) => lived.push(snapshot));
  try {
    const worker = await workload();
    const deadline = performance.now() + 90_000;
    while (readdirSync(folder).length < 3) {
      if (performance.now() > deadline) throw new Error(`after 90 s only ${readdirSync(folder)}`);
      await worker.secret(16);
      await new Promise<void>((resolve) => observation.onSnapshot(() => resolve()));
    }
  } finally {
    await close();
  }
  const path = join(folder, "t.0002.arrows");
  return { folder, path, lived: sharedWith(path, lived) };
}

/** Those of the live snapshots whose samples are in this file. */
function sharedWith(path: string, lived: readonly Snapshot[]): Snapshot[] {
  const file = new TraceFile(path);
  const replay = new TraceReplay(file);
  const times = new Set<string>();
  while (replay.step()) times.add(replay.snapshot().monotonicNs);
  file.close();
  return lived.filter(({ monotonicNs }) => times.has(monotonicNs));
}
