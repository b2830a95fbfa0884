/** One column of a batch while it is filled: values side by side, and a bit a row that says whether there is one. */
import { mostRows } from "./limits.ts";

const firstRows = 1024;
const allOnes = 0xff;

export abstract class ColumnBuffer {
  /** Rows that have a value. */
  filled = 0;
  protected rows = 0;
  #valid = new Uint8Array(0);
  #last = 0;

  /** Marks the row; grows the column when needed. Rows are filled in order. */
  protected mark(row: number): void {
    if (row >= this.rows) this.#grow(row);
    const byte = row >> 3;
    this.#valid[byte] = (this.#valid[byte] ?? 0) | (1 << (row & 7));
    this.#last = row;
    this.filled++;
  }

  /** Marks rows side by side. */
  protected markMany(from: number, count: number): void {
    if (count === 0) return;
    const end = from + count;
    if (end > this.rows) this.#grow(end - 1);
    setBits(this.#valid, from, end, true);
    this.#last = end - 1;
    this.filled += count;
  }

  #grow(row: number): void {
    // Powers of two: bits fill whole bytes.
    this.rows = Math.min(mostRows, Math.max(firstRows, 2 ** Math.ceil(Math.log2(row + 1))));
    const valid = new Uint8Array(this.rows >> 3);
    valid.set(this.#valid);
    this.#valid = valid;
    this.resize(this.rows);
  }

  /** The bits for so many rows; empty when all have a value. */
  validity(rows: number): Uint8Array {
    if (this.filled === rows) return new Uint8Array(0);
    const bytes = (rows + 7) >> 3;
    if (this.#valid.length >= bytes) return this.#valid.subarray(0, bytes);
    const padded = new Uint8Array(bytes);
    padded.set(this.#valid);
    return padded;
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
    this.#valid.fill(0, 0, (this.#last >> 3) + 1);
    this.bytes().fill(0, 0, this.bytesFor(this.#last + 1));
    this.filled = 0;
  }

  abstract bytesFor(rows: number): number;
  protected abstract bytes(): Uint8Array;
  protected abstract resize(rows: number): void;
}

function setBits(bits: Uint8Array, from: number, end: number, value: boolean): void {
  let row = from;
  const set = (until: number) => {
    for (; row < until; row++) {
      const bit = 1 << (row & 7);
      bits[row >> 3] = value ? (bits[row >> 3] ?? 0) | bit : (bits[row >> 3] ?? 0) & ~bit;
    }
  };
  set(Math.min(end, (from + 7) & ~7));
  const whole = (end - row) >> 3;
  if (whole > 0) {
    bits.fill(value ? allOnes : 0, row >> 3, (row >> 3) + whole);
    row += 8 * whole;
  }
  set(end);
}

const two32 = 2 ** 32;

export class IntColumn extends ColumnBuffer {
  #words = new Uint32Array(0);
  #longs = new BigInt64Array(0);

  /** A whole number, also beyond 2^53. */
  set(row: number, value: number): void {
    this.mark(row);
    // Two halves: making a bigint for each value would cost more than everything else.
    this.#words[2 * row] = value >>> 0;
    this.#words[2 * row + 1] = Math.floor(value / two32) >>> 0;
  }

  setOrNull(row: number, value: number | null): void {
    if (value !== null) this.set(row, value);
  }

  setLong(row: number, value: bigint): void {
    this.mark(row);
    this.#longs[row] = value;
  }

  /** The same value in rows side by side. */
  fillMany(from: number, count: number, value: number): void {
    this.fillLongs(from, count, BigInt(value));
  }

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

  override fillMany(from: number, count: number, value: number): void {
    super.fillMany(from, count, this.#change(value));
  }
}

export class FloatColumn extends ColumnBuffer {
  #values = new Float64Array(0);

  set(row: number, value: number): void {
    this.mark(row);
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
    this.mark(row);
    const byte = row >> 3;
    if (value) this.#bits[byte] = (this.#bits[byte] ?? 0) | (1 << (row & 7));
  }

  /** For a column that is the same in the whole batch. */
  fill(rows: number, value: boolean): void {
    if (rows === 0) return;
    this.mark(rows - 1);
    this.filled = rows;
    this.#bits.fill(value ? allOnes : 0, 0, (rows + 7) >> 3);
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
    this.mark(row);
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

/** All texts of one batch, each once. A batch can be read without any other, so it begins empty in each. */
export class TextDictionary {
  readonly #codes = new Map<string, number>();
  /** Characters in it; bytes are at most three times as many. */
  size = 0;

  code(text: string): number {
    const known = this.#codes.get(text);
    if (known !== undefined) return known;
    const code = this.#codes.size;
    this.#codes.set(text, code);
    this.size += text.length;
    return code;
  }

  /** Arrow's layout of text: where each begins, and all of them end to end. */
  layout(): { readonly count: number; readonly offsets: Uint8Array; readonly text: Uint8Array } {
    const texts = [...this.#codes.keys()].map((text) => Buffer.from(text, "utf8"));
    const offsets = new Int32Array(texts.length + 1);
    texts.forEach((text, index) => {
      offsets[index + 1] = (offsets[index] ?? 0) + text.length;
    });
    return { count: texts.length, offsets: new Uint8Array(offsets.buffer), text: Buffer.concat(texts) };
  }

  clear(): void {
    this.#codes.clear();
    this.size = 0;
  }
}
