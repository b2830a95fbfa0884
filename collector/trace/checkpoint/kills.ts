/**
 * OOM kills with what the ledger worked out about each at the reading that followed (ledger/oom.ts, settle): how much
 * secret memory there was, and how much of it the victim freed. A file that exists for that reading only says so again.
 */
import type { Event } from "../../events.ts";
import type { OomKill } from "../../ledger/oom.ts";
import { openFile } from "./memory.ts";
import { allocated, created, freed, nobody, type Scaffolds, sized } from "./parts.ts";

export interface KillsOptions {
  /** Epoch in which pages are counted, 0: they are only measured. */
  readonly counted: number;
  /** Pages of the files that the recipe has made so far. */
  readonly others: number;
  readonly tick: Event;
  readonly scaffolds: Scaffolds;
  /** Pages that the counters of real files will say that this kill freed. */
  readonly toldLater: (kill: number) => number;
}

/** The kill at a reading that finds the pages that there were, then what it freed, then the scaffold is empty. */
export function knownKill({ event, residentPages, freedPages }: OomKill, options: KillsOptions): Event[] {
  const { counted, others, tick, scaffolds, toldLater } = options;
  const file = scaffolds.next();
  const pages = (residentPages ?? 0) - others;
  const byVictim = Math.max(0, (freedPages ?? 0) - toldLater(event.kill));
  const gone = [freed(file, event.epoch, event.kill, byVictim)];
  if (counted === 0) return [created(file), sized(file, pages), event, tick, ...gone, sized(file, 0), tick];
  // Counters only: a measure would be compared with them, and the difference be shown.
  const rest = pages - byVictim;
  return [
    created(file),
    allocated(file, counted, nobody, Math.max(0, pages) + Math.max(0, -rest)),
    freed(file, counted, 0, Math.max(0, -rest)),
    event,
    tick,
    ...gone,
    freed(file, counted, 0, Math.max(0, -rest) + Math.max(0, rest)),
    tick,
  ];
}

/** Kills without a figure of what there was: a file without one keeps it so. */
export function unknownKills(kills: readonly OomKill[], { tick, scaffolds, toldLater }: KillsOptions) {
  const file = scaffolds.next();
  const settled = kills.some(({ freedPages }) => freedPages !== null);
  const events: Event[] = settled
    ? [
        openFile(file, freed(file, 0, 0, 0).at),
        ...kills.map(({ event }) => event),
        ...kills.map(({ event, freedPages }) =>
          freed(file, event.epoch, event.kill, Math.max(0, (freedPages ?? 0) - toldLater(event.kill))),
        ),
        tick,
      ]
    : kills.map(({ event }) => event);
  /** Once the next epoch has begun, the file may be known and go. */
  return { events, after: settled ? [sized(file, 0), tick] : [] };
}
