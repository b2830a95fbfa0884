/**
 * Perfetto's own trace format, which ui.perfetto.dev and its trace_processor open. Below "direct map", "splits by cause"
 * and "secret memory by process" lie counters, said when they change; OOM kills are instants. A figure that is not known
 * is not said: the track "evidence" says, while it lasts, that figures cannot be trusted, why, and where nothing was seen.
 */
import type { GapEvent, OomParty } from "../../events.ts";
import type { OomKill } from "../../ledger/oom.ts";
import type { Snapshot } from "../../snapshot.ts";
import { TraceReplay } from "../../sources/trace-file/replay.ts";
import type { TraceFile } from "../../trace/traceFile.ts";
import type { Inert } from "./conversion.ts";
import { findMemoryTracks, type MemoryTracks, memoryOfTracks } from "./memoryTracks.ts";
import { EvidenceTracks } from "./perfettoEvidence.ts";
import type { Annotations } from "./perfettoPackets.ts";
import { type Counter, PerfettoTracks } from "./perfettoTracks.ts";
import { splitCauses, splitTotals } from "./splitTotals.ts";

export function* perfetto(file: TraceFile, inert: Inert): Generator<string | Uint8Array, void, undefined> {
  const memory = yield* findMemoryTracks(file, inert);
  const tracks = new PerfettoTracks(file.header?.host?.bootId ?? "");
  const evidence = new EvidenceTracks(tracks, inert);
  const kills = new Map<string, OomKill>();
  const gaps: GapEvent[] = [];
  const replay = new TraceReplay(file);
  const begins = file.header?.monotonic ?? file.batches[0]?.from ?? 0n;
  for (let more = true, first = true; more; first = false) {
    more = replay.step((event) => event.kind === "gap" && gaps.push(event));
    tracks.tellClock(replay.ledger.clock, replay.time);
    if (first) tracks.begin(replay.ledger.host?.kernel ?? null);
    for (const gap of gaps.splice(0)) evidence.gap(gap);
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
      tellKill(kill, replay.ledger.host?.pageBytes ?? 4096, tracks, inert);
    }
    if (more) {
      const snapshot = replay.snapshot();
      evidence.state(replay.time, snapshot.evidence);
      let rank = 0;
      for (const counter of countersOf(snapshot, memory)) tracks.count(replay.time, counter, rank++);
    } else evidence.end(replay.time);
    yield tracks.packets.take();
  }
}

function* countersOf(snapshot: Snapshot, tracks: MemoryTracks): Generator<Counter> {
  const { directMap, secret, evidence } = snapshot;
  for (const size of ["4k", "2m", "1g"] as const) {
    yield ["direct map", `mapped by ${size} pages`, "bytes", directMap.bytes[size]];
  }
  for (const level of ["2m", "1g"] as const) {
    yield ["direct map", `splits of ${level} since boot`, "splits", directMap.splits[level]];
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

function tellKill(kill: OomKill, pageBytes: number, tracks: PerfettoTracks, inert: Inert): void {
  const { event, residentPages, freedPages } = kill;
  const party = ({ pid, comm, uid, cgroup }: OomParty): Annotations => ({
    pid,
    comm: inert.text(comm),
    uid,
    cgroup: cgroup === null ? null : inert.text(cgroup),
  });
  const name = `OOM kill: ${inert.text(event.victim.comm)} [${event.victim.pid}]`;
  tracks.packets.instant(event.at, tracks.uuid("OOM kills"), name, {
    victim: party(event.victim),
    trigger: party(event.trigger),
    constraint: event.constraint,
    cgroup: event.cgroup === null ? null : inert.text(event.cgroup),
    secretResidentBytes: residentPages === null ? null : residentPages * pageBytes,
    secretFreedBytes: freedPages === null ? null : freedPages * pageBytes,
  });
}
