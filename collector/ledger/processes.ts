/** Names of processes. A name is hostile text; it is kept as it came and never read for meaning. */
import type { ProcessEvent, ProcessId } from "../events.ts";
import type { MonotonicNs } from "../units.ts";

export type ProcessKey = string;
export const processKey = ({ pid, started }: ProcessId): ProcessKey => `${pid}:${started}`;

export interface KnownProcess extends ProcessId {
  readonly comm: string;
  readonly uid: number | null;
  readonly cgroup: string | null;
  readonly ended: MonotonicNs | null;
}

/** Ended processes that nothing refers to any more are forgotten once there are more than this many. */
const keepEnded = 1024;

export class Processes {
  readonly #known = new Map<ProcessKey, KnownProcess>();
  #ended = 0;

  meet(event: ProcessEvent): void {
    const key = processKey(event);
    const earlier = this.#known.get(key);
    this.#known.set(key, {
      pid: event.pid,
      started: event.started,
      comm: event.comm,
      uid: event.uid ?? earlier?.uid ?? null,
      cgroup: event.cgroup ?? earlier?.cgroup ?? null,
      ended: earlier?.ended ?? null,
    });
  }

  end(id: ProcessId, at: MonotonicNs): void {
    const known = this.#known.get(processKey(id));
    if (known === undefined || known.ended !== null) return;
    this.#known.set(processKey(id), { ...known, ended: at });
    this.#ended++;
  }

  get(key: ProcessKey): KnownProcess | undefined {
    return this.#known.get(key);
  }

  get size(): number {
    return this.#known.size;
  }

  /** The process that has this pid now, or had it last. */
  byPid(pid: number): KnownProcess | undefined {
    let found: KnownProcess | undefined;
    for (const process of this.#known.values()) {
      if (process.pid === pid && (found === undefined || process.started > found.started)) found = process;
    }
    return found;
  }

  /** Forgets ended processes, oldest first, down to the bound, but never one that is still referred to. */
  forget(isNeeded: (key: ProcessKey) => boolean): void {
    if (this.#ended <= keepEnded) return;
    for (const [key, process] of this.#known) {
      if (process.ended === null || isNeeded(key)) continue;
      this.#known.delete(key);
      if (--this.#ended <= keepEnded / 2) return;
    }
  }
}
