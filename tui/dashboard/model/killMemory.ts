/** The seconds before an OOM kill: by the time it is on the screen, its victim is gone from every other panel. */
import type { OomKillView, Snapshot } from "../../../collector/snapshot.ts";
import { secondsOf } from "./history.ts";
import { oomKey } from "./log.ts";
import { Ring } from "./ring.ts";

export interface BeforeKill {
  /** Resident secret memory of the victim in the last snapshot before; 0: it held none; null: it was not known. */
  readonly victimBytes: number | null;
  /** Whether the victim was among the holders. */
  readonly victimHeld: boolean;
  /** The largest holders then. */
  readonly holders: readonly { readonly pid: number; readonly comm: string; readonly residentBytes: number | null }[];
  /** Seconds before the kill, and all secret memory there was; oldest first. */
  readonly seconds: readonly { readonly before: number; readonly residentBytes: number | null }[];
}

const keepKills = 100;
const keepSeconds = 30;
const mostHolders = 5;

export class KillMemory {
  readonly #kills = new Map<string, BeforeKill>();
  readonly #seconds = new Ring<{ readonly seconds: number; readonly residentBytes: number | null }>(keepSeconds);

  add(before: Snapshot | undefined, now: Snapshot): void {
    for (const kill of now.oom.recent) {
      const key = oomKey(kill);
      if (this.#kills.has(key) || before === undefined) continue;
      this.#kills.set(key, this.#look(kill, before, now));
      const oldest = this.#kills.keys().next().value;
      if (this.#kills.size > keepKills && oldest !== undefined) this.#kills.delete(oldest);
    }
    this.#seconds.push({ seconds: secondsOf(now), residentBytes: now.secret.residentBytes });
  }

  all(): ReadonlyMap<string, BeforeKill> {
    return new Map(this.#kills);
  }

  #look(kill: OomKillView, before: Snapshot, now: Snapshot): BeforeKill {
    const victim = before.secret.holders.find(({ pid }) => pid === kill.victim.pid);
    const killedAt = secondsOf(now) - (Date.parse(now.time) - Date.parse(kill.time)) / 1000;
    return {
      victimBytes: victim === undefined ? 0 : victim.residentBytes,
      victimHeld: victim !== undefined,
      holders: [...before.secret.holders]
        .sort((a, b) => (b.residentBytes ?? -1) - (a.residentBytes ?? -1))
        .slice(0, mostHolders)
        .map(({ pid, comm, residentBytes }) => ({ pid, comm, residentBytes })),
      seconds: this.#seconds
        .toArray()
        .map(({ seconds, residentBytes }) => ({ before: killedAt - seconds, residentBytes }))
        .filter(({ before }) => before >= 0),
    };
  }
}
