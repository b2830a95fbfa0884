/** Processes as the kernel program names them, (pid, start in ns), to processes as everybody names them. */
import type { ProcessId } from "../../events.ts";
import { type StartTicks, startTicks, pid as toPid } from "../../units.ts";

const nsPerTick = 10_000_000;
const keep = 16_384;

export class Identities {
  readonly #exact: boolean;
  readonly #startOf: (pid: number) => StartTicks | null;
  readonly #known = new Map<string, StartTicks>();

  /**
   * @param exact the program reads task->start_boottime; else it says when it first saw the process, and /proc is asked.
   * @param startOf start of the process that has this pid now, or null.
   */
  constructor(exact: boolean, startOf: (pid: number) => StartTicks | null) {
    this.#exact = exact;
    this.#startOf = startOf;
  }

  of(pid: number, raw: number): ProcessId {
    // nsec_to_clock_t (kernel/time/time.c): field 22 of /proc/PID/stat is start_boottime in ticks, rounded down.
    if (this.#exact) return { pid: toPid(pid), started: startTicks(Math.floor(raw / nsPerTick)) };
    const key = `${pid},${raw}`;
    let started = this.#known.get(key);
    if (started === undefined) {
      started = this.#startOf(pid) ?? startTicks(Math.floor(raw / nsPerTick));
      if (this.#known.size >= keep) this.#known.clear();
      this.#known.set(key, started);
    }
    return { pid: toPid(pid), started };
  }
}
