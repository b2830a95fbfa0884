/**
 * What a screen or a command may ask of the collector. `session.ts` makes one from this machine's kernel; a replay
 * makes one from a trace: whoever draws cannot tell them apart.
 */
import type { Detail, RouteChoice } from "../probes/words.ts";
import type { Event } from "./events.ts";
import type { Snapshot } from "./snapshot.ts";

export type { Detail, RouteChoice };

export interface ObservationOptions {
  /** How often counters are read and a snapshot is made, ms; 100 to 3 600 000. */
  readonly intervalMs: number;
  readonly route: RouteChoice;
  /** Path of bpftrace; undefined: found on PATH. */
  readonly bpftrace?: string | undefined;
  /** page: also tells every page by itself, as `page` events; left out: interval. */
  readonly detail?: Detail | undefined;
  /** How much looking at /proc may cost; left out: what is right while somebody watches. */
  readonly looking?: LookShares | undefined;
}

/** Shares of a core. With less, who holds what is known later; its age is part of the evidence. */
export interface LookShares {
  /** For all processes, as a routine; ten times as much when something happened. */
  readonly all: number;
  /** For the known holders, in between. */
  readonly holders: number;
}

type Stop = () => void;

export interface Observation {
  /** The ledger now. Cheap enough for every frame. */
  snapshot(): Snapshot;
  /** Called with a new snapshot every interval. Returns the way to stop it. */
  onSnapshot(listener: (snapshot: Snapshot) => void): Stop;
  /** Each event as it reaches the ledger, for recording and for the event log. */
  onEvent(listener: (event: Event) => void): Stop;
  /** A sentence for the person: bpftrace died and is started again, probes attached in 0.8 s. */
  onNotice(listener: (notice: string) => void): Stop;
  /** Stops the probes, reads what they still had to say, and makes the last snapshot. Safe to call twice. */
  close(): Promise<void>;
}
