/** Small parts of a recipe that several files of this folder use. */
import type { CreatedEvent, Event, FileSizeSample, FreedSample, ProcessId } from "../../events.ts";
import type { ProcessKey } from "../../ledger/processes.ts";
import { type Inode, inode, type MonotonicNs, monotonicNs, pages, pid, startTicks } from "../../units.ts";

export function idOf(key: ProcessKey): ProcessId {
  const [number = "0", started = "0"] = key.split(":");
  return { pid: pid(Number(number)), started: startTicks(Number(started)) };
}

/** Before everything, so that a look that began at zero says something about scaffolds and about nothing real. */
export const beforeAll = monotonicNs(-1n);
export const nobody: ProcessId = { pid: pid(0), started: startTicks(0) };

/** Files that exist in the recipe only: no inode has such a number. Each is used once. */
export class Scaffolds {
  #last = 0;

  next(): Inode {
    this.#last--;
    return inode(this.#last);
  }
}

export const created = (file: Inode, at: MonotonicNs = beforeAll, creator = nobody): CreatedEvent => ({
  kind: "created",
  at,
  ...creator,
  inode: file,
});

export const sized = (file: Inode, count: number, at: MonotonicNs = beforeAll): FileSizeSample => ({
  kind: "fileSize",
  at,
  inode: file,
  pages: pages(count),
});

export const allocated = (file: Inode, epoch: number, who: ProcessId, count: number, at = beforeAll): Event => ({
  kind: "allocated",
  at,
  epoch,
  inode: file,
  pid: who.pid,
  started: who.started,
  pages: pages(count),
});

export const freed = (file: Inode, epoch: number, kill: number, count: number, at = beforeAll): FreedSample => ({
  kind: "freed",
  at,
  epoch,
  inode: file,
  kill,
  pages: pages(count),
});
