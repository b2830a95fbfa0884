/** The tracks of a Perfetto trace: what they are called for good, and what was said of each. */
import { createHash } from "node:crypto";
import type { ClockEvent } from "../../events.ts";
import { type CounterUnit, PerfettoPackets } from "./perfettoPackets.ts";

/** Tracks that hold tracks, or events of their own, with what they are about. */
const groups = {
  "direct map": "the kernel's mapping of all RAM, by page size, and how often it was split since boot",
  "splits by cause": "since the recording began; with the unattributed ones they are what /proc/vmstat counted",
  "secret memory by process": "resident memory of memfd_secret(2)",
  "OOM kills": "with the secret memory there was, and what of it the victim's end freed",
  evidence: "while figures are late, lossy or partial, and why; where there is nothing all are complete",
} as const;
export type Group = keyof typeof groups;
export type Counter = readonly [group: Group, name: string, unit: CounterUnit, value: number | null];

/** What was said of each track. */
export class PerfettoTracks {
  readonly packets = new PerfettoPackets();
  readonly #boot: string;
  readonly #said = new Map<string, { readonly uuid: bigint; value: number }>();
  #clock: ClockEvent | null | undefined;

  constructor(boot: string) {
    this.#boot = boot;
  }

  /** The same in every file of one boot: files opened together continue each other's tracks. */
  uuid(group: Group, name = ""): bigint {
    return createHash("sha256").update(`${this.#boot}\n${group}\n${name}`).digest().readBigUInt64LE();
  }

  begin(kernel: string | null): void {
    if (kernel !== null) this.packets.system(kernel);
    for (const [name, description] of Object.entries(groups)) {
      this.packets.track({ uuid: this.uuid(name as Group), name, description });
    }
  }

  /**
   * Again whenever the wall clock was set. Where it was set back, Perfetto up to 57 counts errors of conversion for the
   * reading itself (clock_sync_failure_no_path); all times are right, before and after.
   */
  tellClock(clock: ClockEvent | undefined, now: bigint): void {
    const known = this.#clock;
    if (known !== undefined && known?.at === clock?.at && known?.wall === clock?.wall) return;
    this.#clock = clock ?? null;
    if (clock === undefined) this.packets.clock(now, null);
    else this.packets.clock(clock.at, Number.isFinite(clock.wall) ? BigInt(Math.round(clock.wall)) * 1_000_000n : null);
  }

  /** A figure at a time; nothing when it is what was said before. */
  count(at: bigint, [group, name, unit, value]: Counter, rank: number): void {
    if (value === null) return;
    const key = `${group}\n${name}`;
    let said = this.#said.get(key);
    if (said?.value === value) return;
    if (said === undefined) {
      said = { uuid: this.uuid(group, name), value };
      this.#said.set(key, said);
      const scale = group === "secret memory by process" ? group : undefined;
      this.packets.track({ uuid: said.uuid, name, parent: this.uuid(group), rank, unit, scale });
    }
    said.value = value;
    this.packets.counter(at, said.uuid, value);
  }
}
