/** What /metrics says: every snapshot is observed, so that tops are stable; text is made when somebody asks. */
import type { Event } from "../../events.ts";
import type { Snapshot } from "../../snapshot.ts";
import { DirectMapMetrics } from "./directMap.ts";
import { writeEvidence, writeOwnCost } from "./evidence.ts";
import { Families, type Format, HighWater } from "./families.ts";
import { OomKillMetrics } from "./oomKills.ts";
import { writeRefusals } from "./refusals.ts";
import { SecretMemoryMetrics, type TopLimits } from "./secretMemory.ts";
import { type ServiceFigures, writeAlerts, writeDeliveries, writeService } from "./service.ts";

export interface Scrape {
  readonly format: Format;
  readonly service: ServiceFigures;
  /** No snapshot came for a while. "stopped": for so long that its figures say nothing about now. */
  readonly freshness: "fresh" | "late" | "stopped";
}

export interface Exposition {
  readonly text: string;
  readonly series: number;
}

export class Metrics {
  readonly #marks = new HighWater();
  readonly #directMap = new DirectMapMetrics();
  readonly #oomKills = new OomKillMetrics();
  readonly #nameOf: (uid: number) => string | null;
  #secretMemory: SecretMemoryMetrics;
  #snapshot: Snapshot | undefined;

  /** @param nameOf the name of a user, null where there is none */
  constructor(limits: TopLimits, nameOf: (uid: number) => string | null) {
    this.#nameOf = nameOf;
    this.#secretMemory = new SecretMemoryMetrics(limits, nameOf);
  }

  /** Other limits from now on: who is in the tops is found anew. */
  set limits(limits: TopLimits) {
    this.#secretMemory = new SecretMemoryMetrics(limits, this.#nameOf);
    if (this.#snapshot !== undefined) this.#secretMemory.observe(this.#snapshot);
  }

  observeEvent(event: Event): void {
    this.#oomKills.observeEvent(event);
  }

  /** To be called with each snapshot once, in order. */
  observe(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#directMap.observe(snapshot);
    this.#secretMemory.observe(snapshot);
    this.#oomKills.observe(snapshot);
  }

  async write({ format, service, freshness }: Scrape): Promise<Exposition> {
    const families = new Families(format, this.#marks);
    writeService(families, service);
    writeAlerts(families, service);
    writeDeliveries(families, service);
    const snapshot = this.#snapshot;
    if (snapshot !== undefined) {
      writeEvidence(families, snapshot, freshness !== "fresh");
      writeOwnCost(families, snapshot);
    }
    if (snapshot !== undefined && freshness !== "stopped") {
      this.#directMap.write(families, snapshot);
      this.#secretMemory.write(families, snapshot);
      writeRefusals(families, snapshot);
      this.#oomKills.write(families, snapshot);
    }
    return { text: await families.text(), series: families.series };
  }
}
