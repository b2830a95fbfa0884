/** What was shown live, against what a replay of the recording shows. */
import { expect } from "vitest";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { TraceReplay } from "../../../collector/sources/trace-file/replay.ts";
import { TraceFile } from "../../../collector/trace/traceFile.ts";

/**
 * Every sample, in its order, field by field. Snapshots may gain fields, and those of then do not have them: each field
 * that was shown has to be there as it was, in objects at any depth, and lists have to be as long.
 *
 * @param lived the snapshots that were shown, as JSON, one a line
 */
export function expectLived(path: string, lived: Buffer): Snapshot[] {
  const shown = lived
    .toString("utf8")
    .trimEnd()
    .split("\n")
    .map((line): Snapshot => JSON.parse(line));
  const file = new TraceFile(path);
  const replay = new TraceReplay(file);
  const replayed: unknown[] = [];
  while (replay.step()) replayed.push(JSON.parse(JSON.stringify(replay.snapshot())));
  expect(file.damage).toEqual([]);
  expect(file.end).toBe("whole");
  file.close();
  expect(replayed).toHaveLength(shown.length);
  for (const [n, snapshot] of shown.entries()) expect(replayed[n], `sample ${n}`).toMatchObject(snapshot);
  return shown;
}
