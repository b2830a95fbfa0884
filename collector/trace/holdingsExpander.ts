/** What was seen as single events: holdings that a look repeats are said again, in the order of the look. */
import type { Event, HoldingSample } from "../events.ts";
import type { Seen } from "./holdingsReader.ts";
import { endHoldings } from "./novelty.ts";
import { pageEvents } from "./pages/pageEvents.ts";
import { holdingKey } from "./rows.ts";

export class HoldingsExpander {
  #holdings = new Map<string, HoldingSample>();
  /** Named since the last scan. */
  #named: HoldingSample[] = [];

  take(seen: Seen, tell: (event: Event) => void): void {
    if (seen.kind === "pageBurst") {
      for (const page of pageEvents(seen)) tell(page);
      return;
    }
    if (seen.kind === "lookChange") {
      const { at, scan, released, changed } = seen;
      for (const each of released) this.#holdings.delete(holdingKey(each));
      for (const holding of changed) this.#holdings.set(holdingKey(holding), holding);
      const news = new Set(changed);
      for (const holding of this.#holdings.values()) tell(news.has(holding) ? holding : { ...holding, at });
      this.#named = [];
      tell(scan);
      return;
    }
    if (seen.kind === "holding") this.#named.push(seen);
    else if (seen.kind === "scan") {
      this.#holdings = new Map(this.#named.map((holding) => [holdingKey(holding), holding]));
      this.#named = [];
    } else if (seen.kind === "exit") endHoldings(this.#holdings, seen);
    tell(seen);
  }
}
