/**
 * A trace as the events that were recorded, batch by batch. Where rows are missing, a gap says when, so that no figure
 * that follows looks complete; the next checkpoint makes the figures right again.
 */
import type { Event, GapEvent } from "../events.ts";
import { monotonicNs, wallMs } from "../units.ts";
import type { Damage } from "./damage.ts";
import { HoldingsExpander } from "./holdingsExpander.ts";
import { HoldingsReader, type Seen } from "./holdingsReader.ts";
import type { TraceFile } from "./traceFile.ts";
import type { BatchPlace } from "./traceIndex.ts";

export interface Part<What = Seen> {
  /** Begin a new ledger before these events are applied. */
  readonly anew: boolean;
  /** They bring the ledger to a state, and are no news. */
  readonly isState: boolean;
  readonly events: readonly What[];
}

/** Every event by itself, for those who want to name each; a ledger takes the parts as they are, and is faster. */
export function* playback(file: TraceFile): Generator<Part<Event>, void, undefined> {
  const expander = new HoldingsExpander();
  for (const part of parts(file)) {
    const events: Event[] = [];
    for (const seen of part.events) expander.take(seen, (event) => events.push(event));
    yield { ...part, events };
  }
}

/** @param first index of the batch to begin with: 0, or that of a checkpoint */
export function* parts(file: TraceFile, first = 0): Generator<Part, void, undefined> {
  const holdings = new HoldingsReader();
  const gaps: GapEvent[] = [];
  /** Rows were lost since the beginning or the last checkpoint. */
  let stale = false;
  /** Rows were lost and none was read since. */
  let lost = false;
  let position = first === 0 ? 0 : (file.batches[first]?.dictionaries[0].offset ?? 0);
  let time = file.header?.monotonic ?? file.batches[first]?.from ?? 0n;
  const lose = (damage: Damage): Part => {
    const gap = gapOf(damage, time);
    gaps.push(gap);
    stale = true;
    lost = true;
    holdings.lose();
    return { anew: false, isState: false, events: [gap] };
  };
  for (let index = first; index < file.batches.length; index++) {
    const place = file.batches[index];
    if (place === undefined) break;
    const skipped = damageIn(file, position, place.dictionaries[0].offset);
    if (skipped !== undefined) yield lose(skipped);
    position = place.columns.offset + place.columns.headLength + place.columns.bodyLength;
    // A checkpoint says nothing new to whoever has read everything before it.
    if (place.checkpoint && index !== first && !stale) continue;
    let anew = place.checkpoint;
    for (const rows of file.rows(place)) {
      if ("reason" in rows) {
        yield lose(rows);
        break;
      }
      const events: Seen[] = lost && !place.checkpoint ? headOf(file, place) : [];
      lost = false;
      const tell = (seen: Seen) => events.push(seen);
      for (const row of rows) holdings.take(row, tell);
      yield { anew, isState: place.checkpoint, events };
      anew = false;
    }
    if (place.checkpoint && !lost && stale) {
      // The figures are right again; what happened in between stays unseen.
      stale = false;
      yield { anew: false, isState: true, events: gaps };
    }
    time = place.to;
  }
  const after = damageIn(file, position, file.size);
  if (after !== undefined) yield lose(after);
}

const damageIn = (file: TraceFile, from: number, to: number) =>
  file.damage.find(({ offset }) => offset >= from && offset < to);

/** What may have been among the lost rows and is known all the same: the machine, and the wall clock at this batch. */
function headOf({ header }: TraceFile, { from, wall }: BatchPlace): Seen[] {
  const at = monotonicNs(from);
  return [
    ...(header?.host ? [{ kind: "host", at, ...header.host } as const] : []),
    ...(Number.isFinite(wall) ? [{ kind: "clock", at, wall: wallMs(wall) } as const] : []),
    ...(header?.plan ? [{ kind: "plan", at, ...header.plan } as const] : []),
  ];
}

function gapOf({ from, to, batch, reason }: Damage, time: bigint): GapEvent {
  const start = from ?? time;
  const end = to ?? start;
  const where = batch === null ? "" : `, batch ${batch}`;
  return {
    kind: "gap",
    // biome-ignore lint/complexity/useMathMinMax: Math.max takes no bigint
    at: monotonicNs(end < start ? start : end),
    from: monotonicNs(start),
    reason: `the recording is damaged here${where}: ${reason}`,
  };
}

/** A reading ends with what the collector itself cost: then the live collector makes its snapshot, and a replay too. */
export const endsSample = (event: Seen) => event.kind === "self";
