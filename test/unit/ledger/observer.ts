/** What a collector sees of the model kernel: occurrences at once, counters at readings, /proc at looks. */
import type { RefusedSample, SplitCause, SplitLevel } from "../../../collector/events.ts";
import { bytes, inode } from "../../../collector/units.ts";
import type { ModelKernel, ModelProcess } from "./modelKernel.ts";
import { pageBytes, process, type Story } from "./story.ts";

type Key = readonly (string | number)[];

export class Observer {
  readonly #kernel: ModelKernel;
  readonly #story: Story;
  /** Whether the next interval sample arrives. */
  readonly #arrives: () => boolean;
  #generation = 1;
  /** Last value of each key that reached us, as the collector remembers; a sample that is lost is due again. */
  #told = new Map<string, number>();
  /** Samples of this reading that did not arrive. */
  #missed = 0;

  constructor(kernel: ModelKernel, story: Story, arrives: () => boolean) {
    this.#kernel = kernel;
    this.#story = story;
    this.#arrives = arrives;
  }

  /** Whatever happened since the last time, one by one: these lines are not samples and are not lost here. */
  occurrences(): void {
    const story = this.#story;
    for (const occurrence of this.#kernel.occurrences) {
      const who = idOf(occurrence.process);
      if (occurrence.what === "made") story.created(who, occurrence.file.inode);
      else if (occurrence.what === "ended") story.exit(who);
      else if (occurrence.what === "killed") story.oomKill(occurrence.kill);
      else story.named(who, occurrence.process.comm);
    }
    this.#kernel.occurrences = [];
  }

  /** Who holds what, then the sizes of files that are not known for certain, then a reading. */
  turn(look: boolean, whole = false): void {
    this.occurrences();
    if (look) this.#look();
    this.read(whole);
  }

  /** @param whole everything arrives */
  read(whole = false): void {
    const { freed, allocated, refused, splits, vmstat, residentPages } = this.#kernel;
    this.#missed = 0;
    // Nothing but secret memory is unevictable here.
    const unevictableBytes = bytes(residentPages * pageBytes);
    const story = this.#story;
    this.#samples("freed", freed.totals, whole, ([file, kill], total) =>
      story.freed(Number(file), total, Number(kill)),
    );
    this.#samples("allocated", allocated.totals, whole, ([file, pid, start], total) =>
      story.allocated(process(Number(pid), Number(start)), Number(file), total),
    );
    this.#samples("refused", refused.totals, whole, ([pid, start, what, code], total) =>
      story.refused(process(Number(pid), Number(start)), total, what as RefusedSample["what"], String(code)),
    );
    const generation = this.#generation;
    this.#samples("split", splits.totals, whole, ([pid, start, cause, level], total) =>
      story.split(process(Number(pid), Number(start)), total, {
        cause: cause as SplitCause,
        level: level === "" ? null : (level as SplitLevel),
        generation,
      }),
    );
    if (whole || this.#arrives()) story.kernel({ ...vmstat }, { unevictableBytes });
    else this.#missed++;
    // By its definition in events.ts a tick says that all counters of its reading were received.
    if (whole || (this.#missed === 0 && this.#arrives())) story.tick();
    if (whole) this.#forgetDead();
  }

  /** The old generation of splits is read to the end, then emptied. */
  changeGeneration(): void {
    this.read(true);
    this.#startGeneration();
  }

  /** @param lastWords the counters are read once more before the probes go, as when bpftrace is asked to end */
  lose(lastWords: boolean): void {
    this.occurrences();
    if (lastWords) this.read(true);
    this.#story.detached();
    this.#kernel.watched = false;
  }

  reattach(): void {
    const from = this.#story.ledger.now;
    this.#kernel.reattach();
    this.#told = new Map();
    this.#generation++;
    this.#story.attached();
    this.#story.tell({ kind: "gap", from, reason: "killed" });
  }

  #samples(kind: string, totals: Map<string, number>, whole: boolean, tell: (key: Key, total: number) => void): void {
    for (const [key, total] of totals) {
      const name = `${kind} ${key}`;
      if (this.#told.get(name) === total) continue;
      if (!whole && !this.#arrives()) {
        this.#missed++;
        continue;
      }
      this.#told.set(name, total);
      tell(JSON.parse(key) as Key, total);
    }
  }

  #startGeneration(): void {
    this.#generation++;
    this.#kernel.splits.totals.clear();
    for (const name of [...this.#told.keys()]) if (name.startsWith("split ")) this.#told.delete(name);
  }

  #look(): void {
    const { files } = this.#kernel;
    this.#story.look(files.flatMap((file) => [...file.holders].map((holder) => [idOf(holder), file.inode] as const)));
    for (const file of files) {
      const known = this.#story.ledger.files.get(inode(file.inode))?.verified ?? false;
      if (!known && file.holders.size > 0) this.#story.size(file.inode, file.pages);
    }
  }

  /** Keys that were read to the end and will not move again leave the kernel; then a number may come again. */
  #forgetDead(): void {
    const living = new Set(this.#kernel.files.map((file) => file.inode));
    for (const name of this.#kernel.freed.totals.keys()) {
      const [number = 0] = JSON.parse(name) as number[];
      if (living.has(number) || this.#story.ledger.files.get(inode(number)) !== undefined) continue;
      this.#kernel.forget(number);
      for (const each of [...this.#told.keys()]) {
        if (/^(freed|allocated) /.test(each) && (JSON.parse(each.slice(each.indexOf("["))) as Key)[0] === number) {
          this.#told.delete(each);
        }
      }
    }
  }
}

const idOf = (each: ModelProcess) => process(each.pid, each.started);
