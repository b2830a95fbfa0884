/** One column of a batch while it is filled: values side by side, and a bit a row that says whether there is one. */
import { mostRows } from "./limits.ts";
import { Presence, setBits } from "./presence.ts";
import type { Subjects } from "./subjects.ts";
import type { TextDictionary } from "./textDictionary.ts";

const firstRows = 1024;

export abstract class ColumnBuffer {
  protected readonly present = new Presence();
  protected rows = 0;

  /** Rows that have a value. */
  get filled(): number {
    return this.present.count;
  }

  /** Makes room for this row. */
  protected grow(row: number): void {
    // Powers of two: bits fill whole bytes.
    this.rows = Math.min(mostRows, Math.max(firstRows, 2 ** Math.ceil(Math.log2(row + 1))));
    this.resize(this.rows);
  }

  /** Marks rows side by side, and makes room for them. */
  protected markMany(from: number, count: number): void {
    if (count === 0) return;
    if (from + count > this.rows) this.grow(from + count - 1);
    this.present.markMany(from, count);
  }

  /** The bits for so many rows; empty when all have a value. */
  validity(rows: number): Uint8Array {
    return this.filled === rows ? new Uint8Array(0) : this.present.bits(rows);
  }

  /** The values of so many rows; what has none is zero. */
  data(rows: number): Uint8Array {
    const bytes = this.bytesFor(rows);
    const all = this.bytes();
    if (all.length >= bytes) return all.subarray(0, bytes);
    const padded = new Uint8Array(bytes);
    padded.set(all);
    return padded;
  }

  clear(): void {
    if (this.filled === 0) return;
    this.bytes().fill(0, 0, this.bytesFor(this.present.end));
    this.present.clear();
  }

  abstract bytesFor(rows: number): number;
  protected abstract bytes(): Uint8Array;
  protected abstract resize(rows: number): void;
}

const two32 = 2 ** 32;

export class IntColumn extends ColumnBuffer {
  #words = new Uint32Array(0);
  #longs = new BigInt64Array(0);

  /** A whole number, also beyond 2^53. */
  set(row: number, value: number): void {
    if (row >= this.rows) this.grow(row);
    this.present.mark(row);
    // Two halves: making a bigint for each value would cost more than everything else.
    this.#words[2 * row] = value >>> 0;
    this.#words[2 * row + 1] = Math.floor(value / two32) >>> 0;
  }

  setOrNull(row: number, value: number | null): void {
    if (value !== null) this.set(row, value);
  }

  setLong(row: number, value: bigint): void {
    if (row >= this.rows) this.grow(row);
    this.present.mark(row);
    this.#longs[row] = value;
  }

  /** The same value in rows side by side. */
  fillLongs(from: number, count: number, value: bigint): void {
    this.markMany(from, count);
    this.#longs.fill(value, from, from + count);
  }

  bytesFor(rows: number): number {
    return 8 * rows;
  }

  protected bytes(): Uint8Array {
    return new Uint8Array(this.#words.buffer);
  }

  protected resize(rows: number): void {
    const words = new Uint32Array(2 * rows);
    words.set(this.#words);
    this.#words = words;
    this.#longs = new BigInt64Array(words.buffer);
  }
}

/** Whole numbers that something becomes of before they are stored. */
export class ChangedIntColumn extends IntColumn {
  readonly #change: (value: number) => number;

  constructor(change: (value: number) => number) {
    super();
    this.#change = change;
  }

  override set(row: number, value: number): void {
    super.set(row, this.#change(value));
  }
}

export class FloatColumn extends ColumnBuffer {
  #values = new Float64Array(0);

  set(row: number, value: number): void {
    if (row >= this.rows) this.grow(row);
    this.present.mark(row);
    this.#values[row] = value;
  }

  setOrNull(row: number, value: number | null): void {
    if (value !== null) this.set(row, value);
  }

  bytesFor(rows: number): number {
    return 8 * rows;
  }

  protected bytes(): Uint8Array {
    return new Uint8Array(this.#values.buffer);
  }

  protected resize(rows: number): void {
    const values = new Float64Array(rows);
    values.set(this.#values);
    this.#values = values;
  }
}

export class BoolColumn extends ColumnBuffer {
  #bits = new Uint8Array(0);

  set(row: number, value: boolean): void {
    if (row >= this.rows) this.grow(row);
    this.present.mark(row);
    const byte = row >> 3;
    if (value) this.#bits[byte] = (this.#bits[byte] ?? 0) | (1 << (row & 7));
  }

  /** For a column that is the same in the whole batch. */
  fill(rows: number, value: boolean): void {
    if (rows === 0) return;
    if (rows > this.rows) this.grow(rows - 1);
    this.present.markAll(rows);
    this.#bits.fill(value ? 0xff : 0, 0, (rows + 7) >> 3);
  }

  fillMany(from: number, count: number, value: boolean): void {
    this.markMany(from, count);
    setBits(this.#bits, from, from + count, value);
  }

  bytesFor(rows: number): number {
    return (rows + 7) >> 3;
  }

  protected bytes(): Uint8Array {
    return this.#bits;
  }

  protected resize(rows: number): void {
    const bits = new Uint8Array(rows >> 3);
    bits.set(this.#bits);
    this.#bits = bits;
  }
}

/** One of the columns that say whom a row is about: only whether it has a value is its own. */
export class SubjectColumn extends ColumnBuffer {
  readonly #subjects: Subjects;

  constructor(subjects: Subjects) {
    super();
    this.#subjects = subjects;
  }

  has(row: number): void {
    this.present.mark(row);
  }

  /** Rows side by side. */
  hasMany(from: number, count: number): void {
    this.present.markMany(from, count);
  }

  override data(rows: number): Uint8Array {
    return this.#subjects.data(rows);
  }

  bytesFor(rows: number): number {
    return 4 * rows;
  }

  protected bytes(): Uint8Array {
    return new Uint8Array(0);
  }

  protected resize(): void {}
}

/** Text as its number in the batch's dictionary. */
export class TextColumn extends ColumnBuffer {
  readonly #dictionary: TextDictionary;
  readonly #change: ((text: string) => string) | undefined;
  #codes = new Int32Array(0);

  /** @param change what becomes of each text before it is stored */
  constructor(dictionary: TextDictionary, change?: (text: string) => string) {
    super();
    this.#dictionary = dictionary;
    this.#change = change;
  }

  set(row: number, value: string): void {
    if (row >= this.rows) this.grow(row);
    this.present.mark(row);
    this.#codes[row] = this.#code(value);
  }

  fillMany(from: number, count: number, value: string): void {
    this.markMany(from, count);
    this.#codes.fill(this.#code(value), from, from + count);
  }

  setOrNull(row: number, value: string | null): void {
    if (value !== null) this.set(row, value);
  }

  #code(value: string): number {
    return this.#dictionary.code(this.#change === undefined ? value : this.#change(value));
  }

  bytesFor(rows: number): number {
    return 4 * rows;
  }

  protected bytes(): Uint8Array {
    return new Uint8Array(this.#codes.buffer);
  }

  protected resize(rows: number): void {
    const codes = new Int32Array(rows);
    codes.set(this.#codes);
    this.#codes = codes;
  }
}
