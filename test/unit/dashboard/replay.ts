/** An observation that says what the test tells it to say: what a replay is to the screen. */

import type { Event } from "../../../collector/events.ts";
import { Listeners } from "../../../collector/listeners.ts";
import type { Observation } from "../../../collector/observation.ts";
import type { Snapshot } from "../../../collector/snapshot.ts";

export class Replay implements Observation {
  readonly #snapshots = new Listeners<Snapshot>();
  readonly #notices = new Listeners<string>();
  readonly #events = new Listeners<Event>();
  #snapshot: Snapshot;
  listeners = 0;
  closed = false;

  constructor(first: Snapshot) {
    this.#snapshot = first;
  }

  say(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#snapshots.tell(snapshot);
  }

  /** Something happens, before the snapshot that says so. */
  happen(event: Event): void {
    this.#events.tell(event);
  }

  notice(text: string): void {
    this.#notices.tell(text);
  }

  snapshot(): Snapshot {
    return this.#snapshot;
  }

  onSnapshot(listener: (snapshot: Snapshot) => void) {
    return this.#counted(this.#snapshots.add(listener));
  }

  onEvent(listener: (event: Event) => void) {
    return this.#counted(this.#events.add(listener));
  }

  onNotice(listener: (notice: string) => void) {
    return this.#counted(this.#notices.add(listener));
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  #counted(stop: () => void): () => void {
    this.listeners += 1;
    return () => {
      this.listeners -= 1;
      stop();
    };
  }
}
