/** Names of processes. A name is hostile text; it is kept as it came and never read for meaning. */
import type { ProcessEvent, ProcessId } from "../events.ts";
import type { MonotonicNs } from "../units.ts";

export type ProcessKey = string;

/** Most samples speak of few processes: the same text again is found in a map much faster than an equal one. */
const keys = new Map<number, { readonly started: number; readonly key: ProcessKey }>();
const mostKeys = 16_384;

export function processKey({ pid, started }: ProcessId): ProcessKey {
  const known = keys.get(pid);
  if (known !== undefined && known.started === started) return known.key;
  const key = `${pid}:${started}`;
  if (keys.size >= mostKeys) keys.clear();
  keys.set(pid, { started, key });
  return key;
}

export interface KnownProcess extends ProcessId {
  readonly comm: string;
  readonly uid: number | null;
  readonly cgroup: string | null;
  /** Another one that it was in before; null: it was not moved, as far as was told. */
  readonly cgroupBefore: string | null;
  readonly ended: MonotonicNs | null;
}

/** Processes that nothing refers to (any more, or not yet) are kept in about this number. */
const keepUnneeded = 1024;

export class Processes {
  readonly #known = new Map<ProcessKey, KnownProcess>();
  #forgetAbove = keepUnneeded;

  meet(event: ProcessEvent): void {
    const key = processKey(event);
    const earlier = this.#known.get(key);
    const wasElsewhere = earlier?.cgroup != null && event.cgroup !== null && event.cgroup !== earlier.cgroup;
    this.#known.set(key, {
      pid: event.pid,
      started: event.started,
      comm: event.comm,
      uid: event.uid ?? earlier?.uid ?? null,
      cgroup: event.cgroup ?? earlier?.cgroup ?? null,
      cgroupBefore: wasElsewhere ? earlier.cgroup : (earlier?.cgroupBefore ?? null),
      ended: earlier?.ended ?? null,
    });
  }

  end(id: ProcessId, at: MonotonicNs): void {
    const known = this.#known.get(processKey(id));
    if (known === undefined || known.ended !== null) return;
    this.#known.set(processKey(id), { ...known, ended: at });
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

  /**
   * Forgets those that nothing speaks of, oldest first, down to the bound; whether a line told of their end or not.
   * @param needed asked only when there are too many.
   */
  forget(needed: () => ReadonlySet<ProcessKey>): void {
    if (this.#known.size <= this.#forgetAbove) return;
    const kept = needed();
    let tooMany = this.#known.size - kept.size - keepUnneeded / 2;
    for (const key of this.#known.keys()) {
      if (tooMany <= 0) break;
      if (kept.has(key)) continue;
      this.#known.delete(key);
      tooMany--;
    }
    this.#forgetAbove = this.#known.size + keepUnneeded / 2;
  }
}
