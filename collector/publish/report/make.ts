/** Puts a report together while a ledger moves. A pure function of what it is told: the same trace, the same report. */
import type { Event, PageBurst } from "../../events.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Evidence, Snapshot } from "../../snapshot.ts";
import type { Damage } from "../../trace/damage.ts";
import { HolderTable } from "./holderTable.ts";
import { KillTable } from "./killTable.ts";
import { PageSpread } from "./pageSpread.ts";
import { type RefusalState, refusalChange, refusalState } from "./refusalChange.ts";
import { type Period, type Report, reportSchema, type SecretChange } from "./report.ts";
import { levelChange, type SplitState, splitChange, splitState } from "./splitChange.ts";
import { wallTime } from "./wallTime.ts";

interface Beginning {
  readonly snapshot: Snapshot;
  readonly splits: SplitState;
  readonly refusals: RefusalState;
}

/** What only the file knows. */
export interface FileState {
  readonly end: "whole" | "cut";
  readonly damage: readonly Damage[];
}

const unknownLevels = { "2m": null, "1g": null } as const;

export class ReportMaker {
  #firstAt: bigint | undefined;
  #from: string | null = null;
  #begin: Beginning | undefined;
  #samples = 0;
  /** At the last sample. */
  #evidence: Evidence | undefined;
  #isOver = false;
  #peak: { readonly bytes: number; readonly time: string } | undefined;
  #secretBegin: number | null | undefined;
  readonly #holders = new HolderTable();
  readonly #kills = new KillTable();
  readonly #pages = new PageSpread();

  /** Before anything is news, in a file that continues another one: the state that it begins with. */
  continued(ledger: Ledger): void {
    this.#firstAt ??= ledger.now;
    this.#pages.continued();
    this.#start(ledger);
  }

  /** After each event that is news. */
  told(event: Event, ledger: Ledger): void {
    this.#firstAt ??= event.at;
    this.#pages.told(event);
    if (event.kind === "probes") this.#isOver = event.state === "stopped";
    this.#start(ledger);
  }

  /** Single pages that are news. */
  toldPages(burst: PageBurst, ledger: Ledger): void {
    this.#pages.add(burst, ledger);
  }

  /** After each sample. */
  sample(ledger: Ledger): void {
    this.#samples++;
    this.#evidence = this.rest(ledger).evidence;
  }

  /** Where the events end after the last sample: shown to nobody live, and in the figures of the end all the same. */
  rest(ledger: Ledger): Snapshot {
    const snapshot = ledger.snapshot();
    this.#from ??= wallTime(ledger.clock, this.#firstAt ?? null);
    this.#kills.sample(ledger, snapshot, this.#firstAt ?? 0n);
    if (ledger.holdings.scan === undefined) return snapshot;
    this.#holders.sample(snapshot);
    const { residentBytes } = snapshot.secret;
    if (this.#secretBegin === undefined) this.#secretBegin = residentBytes;
    if (residentBytes !== null && residentBytes > (this.#peak?.bytes ?? -1))
      this.#peak = { bytes: residentBytes, time: snapshot.time };
    return snapshot;
  }

  /** @param ledger at the end */
  report(ledger: Ledger, { end, damage }: FileState): Report {
    const last = ledger.snapshot();
    const begin = this.#begin?.snapshot;
    const splits = splitChange(this.#begin?.splits, splitState(ledger), ledger);
    const time = (at: bigint | null) => wallTime(ledger.clock, at);
    const period = this.#period(ledger);
    return {
      schema: reportSchema,
      period,
      host: last.host,
      recording: {
        end,
        damage: damage.map(({ from, to, batch, reason }) => ({ from: time(from), to: time(to), batch, reason })),
      },
      evidence: {
        ...evidenceOf(begin?.evidence, last.evidence, period.from),
        ...this.#doubts(last.evidence),
        unattributedSplits: splits.change.unattributed,
      },
      directMap: {
        begin: begin?.directMap.bytes ?? { "4k": null, "2m": null, "1g": null },
        end: last.directMap.bytes,
        splits: splits.byLevel,
        collapses: levelChange(begin?.directMap.collapses ?? unknownLevels, last.directMap.collapses),
      },
      splits: splits.change,
      secret: this.#secret(last),
      refusals: refusalChange(this.#begin?.refusals, ledger),
      oom: {
        kernel: last.oom.kills === null || begin?.oom.kills == null ? null : last.oom.kills - begin.oom.kills,
        kills: this.#kills.report(ledger),
      },
      pages: this.#pages.report(ledger),
    };
  }

  /** The beginning is the first moment that has figures of the kernel. */
  #start(ledger: Ledger): void {
    if (this.#begin !== undefined || ledger.kernel === undefined) return;
    this.#begin = { snapshot: ledger.snapshot(), splits: splitState(ledger), refusals: refusalState(ledger) };
  }

  /** That the probes were stopped is how every recording ends, and no doubt. */
  #doubts(end: Evidence): Pick<Evidence, "complete" | "why" | "word" | "reasons"> {
    const { complete, why, word, reasons } = (this.#isOver ? this.#evidence : undefined) ?? end;
    return { complete, why, word, reasons };
  }

  #period({ clock, now }: Ledger): Period {
    const ns = now - (this.#firstAt ?? now);
    return {
      from: this.#from,
      to: wallTime(clock, now),
      durationMs: Number(ns / 1_000_000n),
      samples: this.#samples,
    };
  }

  #secret({ secret }: Snapshot): SecretChange {
    return {
      beginBytes: this.#secretBegin ?? null,
      endBytes: secret.residentBytes,
      peakBytes: this.#peak?.bytes ?? null,
      peakTime: this.#peak?.time ?? null,
      holders: this.#holders.count,
      byPeak: this.#holders.byPeak(),
      byGrowth: this.#holders.byGrowth(),
    };
  }
}

/** What the ledger adds up since the collector began, as of the period; after damage it may know less than before. */
function evidenceOf(begin: Evidence | undefined, end: Evidence, from: string | null): Evidence {
  return {
    ...end,
    lost: Math.max(0, end.lost - (begin?.lost ?? 0)),
    restarts: Math.max(0, end.restarts - (begin?.restarts ?? 0)),
    gaps: end.gaps.filter(({ to }) => from === null || to >= from),
  };
}
