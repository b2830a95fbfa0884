/** OOM kills, with the secret memory there was and what the victim's end gave back. */
import type { OomKillEvent } from "../events.ts";
import type { Files } from "./files.ts";

export interface OomKill {
  readonly event: OomKillEvent;
  /** Pages of secret memory when the victim was chosen; null until the reading after it, or when not known. */
  residentPages: number | null;
  freedPages: number | null;
}

/** Older kills are forgotten. */
const keepKills = 100;

export class OomKills {
  readonly #kills: OomKill[] = [];

  add(event: OomKillEvent): void {
    const known = this.#kills.findIndex(({ event: e }) => e.epoch === event.epoch && e.kill === event.kill);
    // Said again when more of it is known: the name of the victim comes last on kernels up to 6.8.
    if (known !== -1) {
      const kill = this.#kills[known];
      if (kill !== undefined) this.#kills[known] = { ...kill, event };
      return;
    }
    this.#kills.push({ event, residentPages: null, freedPages: null });
    if (this.#kills.length > keepKills) this.#kills.shift();
  }

  /**
   * After a reading: what the victim freed so far, and what there was when it was chosen, which is what there is now
   * plus what its end has freed since.
   */
  settle(files: Files, epoch: number): void {
    for (const kill of this.#kills) {
      if (kill.event.epoch !== epoch) continue;
      let freed = 0;
      for (const file of files.all) freed += file.freedBy(kill.event.kill);
      // Files that went in the meantime are no longer in the list; the figure never shrinks.
      kill.freedPages = Math.max(freed, kill.freedPages ?? 0);
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
