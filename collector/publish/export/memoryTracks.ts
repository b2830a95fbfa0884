/** Which processes get a track of their own: those that at some time held most secret memory. */
import type { HolderView, Snapshot } from "../../snapshot.ts";
import { TraceReplay } from "../../sources/trace-file/replay.ts";
import type { TraceFile } from "../../trace/traceFile.ts";
import type { Inert } from "./conversion.ts";

/** More tracks than this nobody reads, and a trace may hold any number of processes. */
export const mostTracks = 30;
/** Processes remembered while looking for the largest. */
const mostPeaks = 8192;

interface Peak {
  bytes: number;
  readonly pid: number;
  readonly startTicks: number;
  comm: string;
}

/** Names of the tracks by process. */
export type MemoryTracks = ReadonlyMap<string, string>;

const keyOf = ({ pid, startTicks }: { pid: number; startTicks: number }) => `${pid}:${startTicks}`;
const largestFirst = (a: readonly [string, Peak], b: readonly [string, Peak]) => b[1].bytes - a[1].bytes;

/** Reads the whole trace once: who was largest is only known at its end. Yields between samples. */
export function* findMemoryTracks(file: TraceFile, inert: Inert): Generator<"", MemoryTracks, undefined> {
  let peaks = new Map<string, Peak>();
  const replay = new TraceReplay(file);
  while (replay.step()) {
    for (const holder of replay.snapshot().secret.holders) note(peaks, holder);
    if (peaks.size > mostPeaks) peaks = new Map([...peaks].sort(largestFirst).slice(0, mostPeaks / 2));
    yield "";
  }
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const [key, { comm, pid, startTicks }] of [...peaks].sort(largestFirst).slice(0, mostTracks)) {
    const name = `${comm === "" ? "?" : inert.text(comm)} [${pid}]`;
    // A pid that was used again: tracks of the same name would be drawn as one.
    const own = taken.has(name) ? `${name} started ${startTicks}` : name;
    taken.add(own);
    names.set(key, own);
  }
  return names;
}

function note(peaks: Map<string, Peak>, { pid, startTicks, comm, residentBytes }: HolderView): void {
  const key = keyOf({ pid, startTicks });
  const peak = peaks.get(key);
  if (peak === undefined) {
    peaks.set(key, { bytes: residentBytes ?? 0, pid, startTicks, comm });
    return;
  }
  peak.bytes = Math.max(peak.bytes, residentBytes ?? 0);
  if (comm !== "") peak.comm = comm;
}

/** Bytes of each track, 0 for who holds nothing now, null for who cannot be measured, and of all others together. */
export function memoryOfTracks(tracks: MemoryTracks, { secret }: Snapshot): Map<string, number | null> {
  const bytes = new Map<string, number | null>(Array.from(tracks.values(), (name) => [name, 0]));
  let others = 0;
  for (const holder of secret.holders) {
    const name = tracks.get(keyOf(holder));
    if (name === undefined) others += holder.residentBytes ?? 0;
    else bytes.set(name, holder.residentBytes);
  }
  return bytes.set("other", others);
}
