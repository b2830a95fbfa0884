/** A report of a story, as if it had been recorded and were replayed. */

import type { Event, OomKillEvent } from "../../../collector/events.ts";
import { ReportMaker } from "../../../collector/publish/report/make.ts";
import type { Report } from "../../../collector/publish/report/report.ts";
import { bytes, monotonicNs, wallMs } from "../../../collector/units.ts";
import { type process, Story } from "../ledger/story.ts";

/** Tells the maker what the story's ledger is told. */
export class ReportedStory extends Story {
  readonly maker = new ReportMaker();
  isState = false;

  static started(splits = { "2m": 100, "1g": 10 }): ReportedStory {
    const story = new ReportedStory();
    story.host();
    story.tell({ kind: "clock", wall: wallMs(1_700_000_000_000) });
    story.plan();
    story.kernel(splits, { collapses: { "2m": 3, "1g": 0 }, oomKills: 5 });
    story.attached();
    return story;
  }

  override tell(event: Parameters<Story["tell"]>[0]): void {
    super.tell(event);
    const told: Event | undefined = this.events.at(-1);
    if (told !== undefined && !this.isState) this.maker.told(told, this.ledger);
  }

  /** Something that happened at an earlier time and is told only now. */
  late(event: Omit<OomKillEvent, "at">, at: bigint): void {
    const told = { ...event, at: monotonicNs(at) };
    this.ledger.apply(told);
    this.maker.told(told, this.ledger);
  }

  sampled(): void {
    this.tick();
    this.maker.sample(this.ledger);
  }

  /** A look that finds these and nobody else, with their resident bytes. */
  holders(found: readonly (readonly [ReturnType<typeof process>, number | null])[], hidden = 0): void {
    const began = this.events.at(-1)?.at;
    if (began === undefined) throw new Error("nothing was told yet");
    for (const [who, resident] of found)
      this.holding(who, who.pid, { residentBytes: resident === null ? null : bytes(resident) });
    this.tell({ kind: "scan", began, processes: 100, hidden, partial: false });
  }

  report(): Report {
    return this.maker.report(this.ledger, { end: "whole", damage: [] });
  }
}
