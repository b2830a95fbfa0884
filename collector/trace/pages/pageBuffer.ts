/**
 * The pages of one batch until it is written. They come one by one, from several processes in turn, and leave as bursts:
 * sorted by process, file and direction, then by time. Side by side what they share is said once, as good as, and a time
 * is a small step from the one before.
 */
import type { PageBurst, PageEvent } from "../../events.ts";
import { monotonicNs } from "../../units.ts";
import { mostRows } from "../limits.ts";

interface Group extends Pick<PageEvent, "pid" | "started" | "inode" | "taken"> {
  readonly number: number;
  pages: number;
  /** Of the last page, and whether each came after the one before. */
  last: bigint;
  sorted: boolean;
}

/** Longer pauses begin another burst, ns. */
const longestStep = 2 ** 32 - 1;
const two32 = 2 ** 32;

export class PageBuffer {
  /** Room for a batch, once there is a page: most recordings have none. */
  #times = new BigInt64Array(0);
  /** The same in halves: a difference of bigints is a new one each time. */
  #low = new Uint32Array(0);
  #high = new Int32Array(0);
  #blocks = new Uint32Array(0);
  #groupOf = new Uint32Array(0);
  /** By inode, then by pid. */
  readonly #byInode = new Map<number, Map<number, Group[]>>();
  #groups: Group[] = [];
  #recent: Group | undefined;
  /** Pages that wait. */
  pages = 0;

  /** No more than `mostRows`: then the batch is full. */
  add(event: PageEvent): void {
    if (this.#times.length === 0) this.#makeRoom();
    const { at, block } = event;
    const group = this.#groupFor(event);
    const n = this.pages++;
    if (group.pages > 0 && at < group.last) group.sorted = false;
    group.last = at;
    group.pages++;
    this.#times[n] = at;
    this.#blocks[n] = block;
    this.#groupOf[n] = group.number;
  }

  #makeRoom(): void {
    this.#times = new BigInt64Array(mostRows);
    this.#low = new Uint32Array(this.#times.buffer);
    this.#high = new Int32Array(this.#times.buffer);
    this.#blocks = new Uint32Array(mostRows);
    this.#groupOf = new Uint32Array(mostRows);
  }

  /** All that wait, and forgets them. */
  *takeBursts(): Generator<PageBurst, void, undefined> {
    const order = this.#ordered();
    for (let from = 0, number = 0; number < this.#groups.length; number++) {
      const group = this.#groups[number];
      if (group === undefined) break;
      const rows = order.subarray(from, from + group.pages);
      if (!group.sorted) rows.sort((a, b) => Number((this.#times[a] ?? 0n) - (this.#times[b] ?? 0n)) || a - b);
      yield* this.#burstsOf(group, rows);
      from += group.pages;
    }
    this.#groups = [];
    this.#byInode.clear();
    this.#recent = undefined;
    this.pages = 0;
  }

  /** Numbers of the pages, those of a group side by side, in the order in which they came. */
  #ordered(): Uint32Array {
    const next = new Uint32Array(this.#groups.length);
    for (let number = 1; number < next.length; number++) {
      next[number] = (next[number - 1] ?? 0) + (this.#groups[number - 1]?.pages ?? 0);
    }
    const order = new Uint32Array(this.pages);
    for (let n = 0; n < order.length; n++) {
      const group = this.#groupOf[n] ?? 0;
      const place = next[group] ?? 0;
      order[place] = n;
      next[group] = place + 1;
    }
    return order;
  }

  *#burstsOf(group: Group, rows: Uint32Array): Generator<PageBurst, void, undefined> {
    const { pid, started, inode, taken } = group;
    const steps = new Uint32Array(rows.length);
    const blocks = new Uint32Array(rows.length);
    let first = 0;
    let before = rows[0] ?? 0;
    let at = this.#times[before] ?? 0n;
    const burst = (end: number): PageBurst => ({
      kind: "pageBurst",
      at: monotonicNs(at),
      pid,
      started,
      inode,
      taken,
      steps: steps.subarray(first, end),
      blocks: blocks.subarray(first, end),
    });
    for (let n = 0; n < rows.length; n++) {
      const row = rows[n] ?? 0;
      const step = this.#between(before, row);
      if (step > longestStep) {
        yield burst(n);
        first = n;
        at = this.#times[row] ?? 0n;
      } else steps[n] = step;
      before = row;
      blocks[n] = this.#blocks[row] ?? 0;
    }
    yield burst(rows.length);
  }

  /** ns from one page to another that came no earlier. */
  #between(before: number, after: number): number {
    const high = (this.#high[2 * after + 1] ?? 0) - (this.#high[2 * before + 1] ?? 0);
    return high * two32 + ((this.#low[2 * after] ?? 0) - (this.#low[2 * before] ?? 0));
  }

  #groupFor(event: PageEvent): Group {
    const recent = this.#recent;
    if (recent !== undefined && isOf(recent, event)) return recent;
    const byPid = entry(this.#byInode, event.inode, () => new Map<number, Group[]>());
    const groups = entry(byPid, event.pid, () => []);
    let found = groups.find((each) => isOf(each, event));
    if (found === undefined) {
      const { pid, started, inode, taken } = event;
      found = { pid, started, inode, taken, number: this.#groups.length, pages: 0, last: 0n, sorted: true };
      this.#groups.push(found);
      groups.push(found);
    }
    this.#recent = found;
    return found;
  }
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

const isOf = (group: Group, { pid, started, inode, taken }: PageEvent) =>
  group.pid === pid && group.inode === inode && group.started === started && group.taken === taken;
