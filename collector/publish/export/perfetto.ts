/**
 * Chrome's JSON trace events, which ui.perfetto.dev and chrome://tracing open (Trace Event Format, counter events "C",
 * instants "i", slices "X", metadata "M"; times in microseconds). A counter is said when it changes. A figure that is not
 * known is not said; where nothing was seen at all, a slice of the track "evidence" says so.
 */
import type { GapEvent } from "../../events.ts";
import type { OomKill } from "../../ledger/oom.ts";
import type { Snapshot } from "../../snapshot.ts";
import { TraceReplay } from "../../sources/trace-file/replay.ts";
import type { TraceFile } from "../../trace/traceFile.ts";
import type { Inert } from "./conversion.ts";
import { findMemoryTracks, type MemoryTracks, memoryOfTracks } from "./memoryTracks.ts";
import { splitCauses, splitTotals } from "./splitTotals.ts";

/** Groups of tracks. The format has only processes for that: these numbers are no pids. */
const groups = { "direct map": 1, "splits by cause": 2, "secret memory by process": 3, "OOM kills": 4, evidence: 5 };
type Group = keyof typeof groups;
type Counter = readonly [group: Group, name: string, unit: "bytes" | "splits", value: number | null];

export function* perfetto(file: TraceFile, inert: Inert): Generator<string, void, undefined> {
  const tracks = yield* findMemoryTracks(file, inert);
  yield '{"displayTimeUnit":"ms","traceEvents":[\n';
  // Always there, so that every later event can begin with a comma.
  yield Object.entries(groups)
    .map(([name, pid]) => inert.json({ ph: "M", name: "process_name", pid, args: { name } }))
    .join(",\n");
  const said = new Map<string, number>();
  const gaps: GapEvent[] = [];
  const kills = new Map<string, OomKill>();
  const replay = new TraceReplay(file);
  const begins = file.header?.monotonic ?? file.batches[0]?.from ?? 0n;
  const pageBytes = () => replay.ledger.host?.pageBytes ?? 4096;
  for (let more = true; more; ) {
    more = replay.step((event) => event.kind === "gap" && gaps.push(event));
    for (const gap of gaps.splice(0)) yield `,\n${gapSlice(gap, inert)}`;
    // What a kill frees is known later: it is said when the ledger forgets it, or at the end.
    const recent = new Set<string>();
    for (const kill of replay.ledger.oom.recent) {
      const key = `${kill.event.epoch}:${kill.event.kill}`;
      recent.add(key);
      if (kill.event.at >= begins) kills.set(key, kill);
    }
    for (const [key, kill] of kills) {
      if (more && recent.has(key)) continue;
      kills.delete(key);
      yield `,\n${killInstant(kill, pageBytes(), inert)}`;
    }
    let changed = "";
    if (more) {
      for (const [group, name, unit, value] of countersOf(replay.snapshot(), tracks)) {
        const key = `${group}\n${name}`;
        if (value === null || said.get(key) === value) continue;
        said.set(key, value);
        const track = { ph: "C", pid: groups[group], name, args: { [unit]: value } };
        changed += `,\n${timed(replay.time, track, inert)}`;
      }
    }
    yield changed;
  }
  yield "\n]}\n";
}

function* countersOf(snapshot: Snapshot, tracks: MemoryTracks): Generator<Counter> {
  const { directMap, secret, evidence } = snapshot;
  for (const size of ["4k", "2m", "1g"] as const) {
    yield ["direct map", `mapped by ${size} pages`, "bytes", directMap.bytes[size]];
  }
  for (const level of ["2m", "1g"] as const) {
    yield ["direct map", `${level} since boot`, "splits", directMap.splits[level]];
  }
  const totals = splitTotals(snapshot);
  for (const cause of splitCauses) yield ["splits by cause", cause, "splits", totals[cause]];
  yield ["splits by cause", "unattributed", "splits", evidence.unattributedSplits];
  yield ["secret memory by process", "all", "bytes", secret.residentBytes];
  yield ["secret memory by process", "unheld", "bytes", secret.unheldBytes];
  for (const [name, bytes] of memoryOfTracks(tracks, snapshot)) {
    yield ["secret memory by process", name, "bytes", bytes];
  }
}

function gapSlice({ from, at, reason }: GapEvent, inert: Inert): string {
  const pid = groups.evidence;
  const dur = at > from ? Number(at - from) / 1000 : 0;
  return timed(from, { ph: "X", pid, tid: pid, name: `nothing seen: ${inert.text(reason)}`, dur }, inert);
}

function killInstant({ event, residentPages, freedPages }: OomKill, pageBytes: number, inert: Inert): string {
  const { victim, trigger, constraint, cgroup } = event;
  const pid = groups["OOM kills"];
  const args = {
    victim: { ...victim, comm: inert.text(victim.comm) },
    trigger: { ...trigger, comm: inert.text(trigger.comm) },
    constraint,
    cgroup,
    secretResidentBytes: residentPages === null ? null : residentPages * pageBytes,
    secretFreedBytes: freedPages === null ? null : freedPages * pageBytes,
  };
  const name = `OOM kill: ${inert.text(victim.comm)} [${victim.pid}]`;
  return timed(event.at, { ph: "i", s: "g", pid, tid: pid, name, args }, inert);
}

/** The time is put in as text: a number of nanoseconds would lose its last digits. */
function timed(ns: bigint, event: Readonly<Record<string, unknown>>, inert: Inert): string {
  const digits = String(ns < 0n ? -ns : ns).padStart(4, "0");
  const us = `${ns < 0n ? "-" : ""}${digits.slice(0, -3)}.${digits.slice(-3)}`;
  return `{"ts":${us},${inert.json(event).slice(1)}`;
}
