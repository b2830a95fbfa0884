/** Rows back into events: holdings that a scan repeats are said again, in the order of the look. */
import type { Event, HoldingSample } from "../events.ts";
import { endHoldings } from "./novelty.ts";
import { holdingKey, type ReleasedRow, type Row } from "./rows.ts";

export class HoldingsExpander {
  #holdings: Map<string, HoldingSample> | undefined = new Map();
  /** Named since the last scan. */
  #named: HoldingSample[] = [];
  #released: ReleasedRow[] = [];
  /** The end of #named that was not told yet: a scan that follows at once may put others before them. */
  #waiting: HoldingSample[] = [];

  /**
   * Rows were lost: who holds what is unknown until it is all said again. Scans that only repeat are left out, so that
   * holders stay as they were last known, with the age of that.
   */
  lose(): void {
    this.#holdings = undefined;
    this.#named = [];
    this.#released = [];
    this.#waiting = [];
  }

  take(row: Row, tell: (event: Event) => void): void {
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
          this.#holdings = new Map(this.#named.map((holding) => [holdingKey(holding), holding]));
          tell(scan);
        } else if (this.#holdings !== undefined) {
          for (const released of this.#released) this.#holdings.delete(holdingKey(released));
          const news = new Set(this.#named.map(holdingKey));
          for (const holding of this.#named) this.#holdings.set(holdingKey(holding), holding);
          for (const [key, holding] of this.#holdings) tell(news.has(key) ? holding : { ...holding, at: row.at });
          tell(scan);
        }
        this.#named = [];
        this.#released = [];
        this.#waiting = [];
        return;
      }
      default:
        this.#tellWaiting(tell);
        if (row.kind === "exit" && this.#holdings !== undefined) endHoldings(this.#holdings, row);
        tell(row);
    }
  }

  #tellWaiting(tell: (event: Event) => void): void {
    for (const holding of this.#waiting.splice(0)) tell(holding);
  }
}
