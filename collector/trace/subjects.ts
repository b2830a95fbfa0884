/**
 * Whom and which file the rows of a batch are about. A process, when it started and its file come together again and
 * again: each combination has one number, and the three columns hold the same numbers, each with a dictionary of its own.
 * Any reader sees three plain columns; in the file, the numbers lie there once.
 */
import { mostRows } from "./limits.ts";

const none = -1;

export class Subjects {
  readonly #pids: number[] = [];
  readonly #started: number[] = [];
  readonly #inodes: number[] = [];
  /** Processes that were met without a file so far. */
  readonly #fileless = new Set<number>();
  /** The next one that shares the place in `#whole`, or -1. */
  readonly #next: number[] = [];
  readonly #whole = new Map<number, number>();
  readonly #ofPid = new Map<number, number>();
  readonly #ofInode = new Map<number, number>();
  #codes = new Int32Array(0);
  #last = none;

  get size(): number {
    return this.#pids.length;
  }

  process(row: number, pid: number, started: number | undefined): void {
    const known = this.#ofPid.get(pid);
    const fits = known !== undefined && (started === undefined || this.#started[known] === started);
    this.#set(row, fits ? known : this.#add(pid, started, undefined));
  }

  file(row: number, inode: number): void {
    this.#set(row, this.#ofInode.get(inode) ?? this.#add(undefined, undefined, inode));
  }

  both(row: number, pid: number, started: number, inode: number): void {
    const place = placeOf(pid, inode);
    let code = this.#whole.get(place) ?? none;
    while (code !== none) {
      if (this.#pids[code] === pid && this.#started[code] === started && this.#inodes[code] === inode) break;
      code = this.#next[code] ?? none;
    }
    if (code === none) {
      code = this.#extended(pid, started, inode) ?? this.#add(pid, started, inode);
      this.#next[code] = this.#whole.get(place) ?? none;
      this.#whole.set(place, code);
      if (!this.#ofInode.has(inode)) this.#ofInode.set(inode, code);
    }
    this.#set(row, code);
  }

  /** For rows side by side. */
  bothMany(row: number, count: number, pid: number, started: number, inode: number): void {
    const end = row + count;
    if (end > this.#codes.length) this.#grow(end);
    this.both(row, pid, started, inode);
    this.#codes.fill(this.#codes[row] ?? 0, row + 1, end);
    this.#last = end - 1;
  }

  /** The numbers of so many rows, the same for the three columns; zero where a row is about nobody. */
  data(rows: number): Uint8Array {
    if (rows > this.#codes.length) this.#grow(rows);
    return new Uint8Array(this.#codes.buffer, 0, 4 * rows);
  }

  /** Dictionaries of the three columns, in their order. */
  dictionaries(): readonly Uint8Array[] {
    return [this.#pids, this.#started, this.#inodes].map((values) => {
      const longs = BigInt64Array.from(values, BigInt);
      return new Uint8Array(longs.buffer);
    });
  }

  clear(): void {
    for (const list of [this.#pids, this.#started, this.#inodes, this.#next]) list.length = 0;
    for (const known of [this.#whole, this.#ofPid, this.#ofInode, this.#fileless]) known.clear();
    this.#codes.fill(0, 0, this.#last + 1);
    this.#last = none;
  }

  /** A process that was met without a file: the first file it is met with joins it. */
  #extended(pid: number, started: number, inode: number): number | undefined {
    const known = this.#ofPid.get(pid);
    if (known === undefined || this.#started[known] !== started || !this.#fileless.delete(known)) return undefined;
    this.#inodes[known] = inode;
    return known;
  }

  #add(pid: number | undefined, started: number | undefined, inode: number | undefined): number {
    const code = this.#pids.length;
    this.#pids.push(pid ?? 0);
    this.#started.push(started ?? 0);
    this.#inodes.push(inode ?? 0);
    this.#next.push(none);
    if (inode === undefined) this.#fileless.add(code);
    else if (!this.#ofInode.has(inode)) this.#ofInode.set(inode, code);
    if (pid === undefined) return code;
    // The number may have gone to another process.
    const known = this.#ofPid.get(pid);
    if (known === undefined || this.#started[known] !== (started ?? 0)) this.#ofPid.set(pid, code);
    return code;
  }

  #set(row: number, code: number): void {
    if (row >= this.#codes.length) this.#grow(row + 1);
    this.#codes[row] = code;
    this.#last = row;
  }

  #grow(rows: number): void {
    const codes = new Int32Array(Math.min(mostRows, Math.max(1024, 2 ** Math.ceil(Math.log2(rows)))));
    codes.set(this.#codes);
    this.#codes = codes;
  }
}

/** Not unique for numbers beyond 2^31: whoever looks there compares. */
const placeOf = (pid: number, inode: number) => inode * 2 ** 22 + pid;
