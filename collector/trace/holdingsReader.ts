/** Rows back into what was seen: holdings that a scan repeats stay a change of the look before, which is much less. */
import type { Event, HoldingSample, PageBurst } from "../events.ts";
import type { LookChange } from "../ledger/holdings.ts";
import type { ReleasedRow, Row } from "./rows.ts";

/** What a ledger takes: an event, or many in one. */
export type Seen = Event | LookChange | PageBurst;

export class HoldingsReader {
  /** False: rows were lost, and nobody knows what the next scan repeats. */
  #isKnown = true;
  /** Named since the last scan. */
  #named: HoldingSample[] = [];
  #released: ReleasedRow[] = [];
  /** The end of #named that was not told yet: a scan that follows at once says what they are. */
  #waiting: HoldingSample[] = [];

  /**
   * Rows were lost: who holds what is unknown until it is all said again. Scans that only repeat are left out, so that
   * holders stay as they were last known, with the age of that.
   */
  lose(): void {
    this.#isKnown = false;
    this.#begin();
  }

  take(row: Row, tell: (seen: Seen) => void): void {
    switch (row.kind) {
      case "holding":
        this.#named.push(row);
        this.#waiting.push(row);
        return;
      case "released":
        this.#released.push(row);
        return;
      case "scan": {
        const { repeats, ...scan } = row;
        if (!repeats) {
          this.#tellWaiting(tell);
          this.#isKnown = true;
          tell(scan);
        } else if (this.#isKnown) {
          tell({ kind: "lookChange", at: row.at, scan, released: this.#released, changed: this.#named });
        }
        this.#begin();
        return;
      }
      case "pageBurst":
        // Pages of a batch follow its other rows, also where a look goes on in the next one.
        tell(row);
        return;
      default:
        if (this.#waiting.length > 0) this.#tellWaiting(tell);
        tell(row);
    }
  }

  #begin(): void {
    this.#named = [];
    this.#released = [];
    this.#waiting = [];
  }

  #tellWaiting(tell: (seen: Seen) => void): void {
    for (const holding of this.#waiting.splice(0)) tell(holding);
  }
}
