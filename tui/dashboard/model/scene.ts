/** All that the screen can show, at one time: the newest snapshot and what is remembered of those before it. */
import type { Rule } from "../../../collector/alerts/rule.ts";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { Alerts } from "./alerts.ts";
import { History, type Sample, sampleOf } from "./history.ts";
import { HolderRates } from "./holderRates.ts";
import { type BeforeKill, KillMemory } from "./killMemory.ts";
import { type Happening, happenings } from "./log.ts";
import { Ring } from "./ring.ts";

export interface LogEntry extends Happening {
  readonly key: string;
}

export interface Scene {
  readonly snapshot: Snapshot;
  /** Oldest first, at most an hour. */
  readonly samples: readonly Sample[];
  /** Bytes per second by holderKey; null: not measured yet. */
  readonly rates: ReadonlyMap<string, number> | null;
  /** Newest first. */
  readonly log: readonly LogEntry[];
  /** What was known just before each OOM kill, by oomKey. */
  readonly beforeKills: ReadonlyMap<string, BeforeKill>;
  /** Names of alert rules that fire. */
  readonly firing: readonly string[];
  /** The usual distance of snapshots, ms. */
  readonly intervalMs: number;
}

const keepLog = 500;

/** Takes snapshots in order and remembers what rates, charts and the log need. Bounded, whatever comes. */
export class Memory {
  readonly #history = new History();
  readonly #rates = new HolderRates();
  readonly #kills = new KillMemory();
  readonly #alerts: Alerts;
  readonly #log = new Ring<LogEntry>(keepLog);
  #entries = 0;
  #snapshot: Snapshot | undefined;
  #scene: Scene | undefined;

  constructor(
    readonly intervalMs: number,
    rules?: readonly Rule[],
  ) {
    this.#alerts = new Alerts(rules);
  }

  add(snapshot: Snapshot): void {
    for (const happening of happenings(this.#snapshot, snapshot)) this.#tell(happening);
    for (const alert of this.#alerts.observe(snapshot)) this.#tell(alert);
    this.#kills.add(this.#snapshot, snapshot);
    this.#history.add(sampleOf(snapshot));
    this.#rates.add(snapshot);
    this.#snapshot = snapshot;
    this.#scene = undefined;
  }

  /** A sentence of the collector: bpftrace died and is started again. */
  notice(text: string): void {
    const time = this.#snapshot?.time ?? new Date(0).toISOString();
    this.#tell({ time, weight: "warning", what: "notice", text, pid: null });
    this.#scene = undefined;
  }

  /** Never changes afterwards: keeping it is freezing the screen. undefined before the first snapshot. */
  scene(): Scene | undefined {
    if (this.#snapshot === undefined) return undefined;
    this.#scene ??= {
      snapshot: this.#snapshot,
      samples: this.#history.samples(),
      rates: this.#rates.rates(),
      log: this.#log.toArray().reverse(),
      beforeKills: this.#kills.all(),
      firing: this.#alerts.firing,
      intervalMs: this.intervalMs,
    };
    return this.#scene;
  }

  #tell(happening: Happening): void {
    this.#entries += 1;
    this.#log.push({ ...happening, key: String(this.#entries) });
  }
}
