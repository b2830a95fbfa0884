/** OOM kills, with the secret memory there was and what the victim's end gave back. */
import type { FreedSample, OomKillEvent } from "../events.ts";
import type { Inode } from "../units.ts";
import type { Files } from "./files.ts";

export interface OomKill {
  readonly event: OomKillEvent;
  /** Pages of secret memory when the victim was chosen; null until the reading after it, or when not known. */
  residentPages: number | null;
  /** null until the reading after it. */
  freedPages: number | null;
}

interface Kept extends OomKill {
  readonly byFile: Map<Inode, number>;
}

/** Older kills are forgotten. */
const keepKills = 100;

export class OomKills {
  readonly #kills: Kept[] = [];

  add(event: OomKillEvent): void {
    const known = this.#kills.findIndex(({ event: e }) => e.epoch === event.epoch && e.kill === event.kill);
    // Said again when more of it is known: the name of the victim comes last on kernels up to 6.8.
    if (known !== -1) {
      const kill = this.#kills[known];
      if (kill !== undefined) this.#kills[known] = { ...kill, event };
      return;
    }
    this.#kills.push({ event, residentPages: null, freedPages: null, byFile: new Map() });
    if (this.#kills.length > keepKills) this.#kills.shift();
  }

  /** The victim's counters, which outlive the files that it freed. */
  free(sample: FreedSample): void {
    const kill = this.#kills.find(({ event }) => event.epoch === sample.epoch && event.kill === sample.kill);
    if (kill === undefined) return;
    kill.byFile.set(sample.inode, Math.max(sample.pages, kill.byFile.get(sample.inode) ?? 0));
  }

  /**
   * After a reading: what the victim freed so far, and what there was when it was chosen, which is what there is now
   * plus what its end has freed since.
   */
  settle(files: Files, epoch: number): void {
    for (const kill of this.#kills) {
      if (kill.event.epoch !== epoch) continue;
      const freed = [...kill.byFile.values()].reduce((sum, pages) => sum + pages, 0);
      kill.freedPages = freed;
      if (kill.residentPages === null) {
        const now = files.residentPages;
        kill.residentPages = now === null ? null : now + freed;
      }
    }
  }

  get recent(): readonly OomKill[] {
    return this.#kills;
  }
}
