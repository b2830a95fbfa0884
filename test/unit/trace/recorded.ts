/** Traces for tests: events written by the recorder to a file of their own, and read back. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { onTestFinished } from "vitest";
import type { AllocatedSample, Event, PageEvent } from "../../../collector/events.ts";
import { Ledger } from "../../../collector/ledger/ledger.ts";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { encodeBatch } from "../../../collector/trace/encodeBatch.ts";
import { endOfStream } from "../../../collector/trace/encodeMessage.ts";
import { RowEncoder } from "../../../collector/trace/encodeRows.ts";
import { currentFormat, schemaMessage } from "../../../collector/trace/header.ts";
import type { Seen } from "../../../collector/trace/holdingsReader.ts";
import { Novelty } from "../../../collector/trace/novelty.ts";
import { parts, playback } from "../../../collector/trace/playback.ts";
import { Recorder, type RecorderOptions } from "../../../collector/trace/recorder.ts";
import { TraceFile } from "../../../collector/trace/traceFile.ts";
import { block, monotonicNs, wallMs } from "../../../collector/units.ts";
import { histories, live } from "../ledger/histories.ts";

/** A directory that is gone after the test. */
export function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), "secretscope-trace-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const clocks = { now: () => monotonicNs(1_000_000_000n), wall: () => wallMs(1_700_000_000_000) };

/** @returns the path of a whole trace that holds these events */
export async function record(events: Iterable<Event>, options: Partial<RecorderOptions> = {}): Promise<string> {
  const path = options.path ?? join(scratch(), "trace.arrows");
  const recorder = await Recorder.create({ path, tool: "secretscope test", ...clocks, ...options });
  for (const event of events) recorder.take(event);
  await recorder.close();
  if (recorder.failure !== undefined) throw recorder.failure;
  return path;
}

export function readAll(path: string): Event[] {
  const file = new TraceFile(path);
  try {
    return [...playback(file)].flatMap(({ events }) => events);
  } finally {
    file.close();
  }
}

/** As a replay's ledger gets it: looks as their changes. */
export function readSeen(path: string): Seen[] {
  const file = new TraceFile(path);
  try {
    return [...parts(file)].flatMap(({ events }) => events);
  } finally {
    file.close();
  }
}

/** What a ledger says after each reading, and at the end. */
export function snapshots(events: Iterable<Seen>, ledger = new Ledger()): Snapshot[] {
  const taken: Snapshot[] = [];
  for (const event of events) {
    ledger.apply(event);
    if (event.kind === "tick") taken.push(ledger.snapshot());
  }
  return taken;
}

/** The pieces of a trace: its head, one piece for each group of events, and its end. */
export function pieces(groups: readonly (readonly Event[])[]): Uint8Array[] {
  const encoder = new RowEncoder();
  const novelty = new Novelty((row) => encoder.add(row));
  const head = schemaMessage({
    format: currentFormat,
    tool: "secretscope test",
    monotonic: clocks.now(),
    wall: clocks.wall(),
    file: 1,
    redacted: false,
    host: null,
    plan: null,
  });
  const batches = groups.map((events, index) => {
    for (const event of events) {
      if (event.kind === "page") encoder.add(event);
      else novelty.take(event);
    }
    encoder.settlePages();
    const { from, to } = encoder;
    const bytes = encodeBatch(encoder, { number: index + 1, checkpoint: false, from, to, wall: 1_700_000_000_000 });
    encoder.clear();
    return bytes;
  });
  return [head, ...batches, endOfStream];
}

/** In so many groups, each but the last ending with a reading. */
export function grouped(events: readonly Event[], groups: number): Event[][] {
  const cuts: number[] = [];
  for (let group = 1; group < groups; group++) {
    cuts.push(events.findIndex(({ kind }, index) => kind === "tick" && index >= (group * events.length) / groups) + 1);
  }
  return [0, ...cuts].map((from, index) => events.slice(from, cuts[index] ?? events.length));
}

/** A history with a bit of everything, the same each time. */
export function someHistory(): readonly Event[] {
  const all = fc.sample(histories, { seed: 7, numRuns: 40 }).map((steps) => live(steps).story.events);
  const longest = all.reduce((most, events) => (events.length > most.length ? events : most));
  return longest.flatMap((event): Event[] => (event.kind === "allocated" ? [...pagesBefore(event), event] : [event]));
}

/** Single pages as a recording in detail has them beside their counters; one comes late. */
function pagesBefore({ at, pid, started, inode }: AllocatedSample): PageEvent[] {
  return [0, 1, 2, 3].map((n) => ({
    kind: "page",
    at: monotonicNs(at - BigInt([900_000, 893_800, 700_000, 100][n] ?? 0)),
    pid,
    started,
    inode,
    block: block(2 ** 32 - 1 - 5 * n),
    taken: n !== 3,
  }));
}
