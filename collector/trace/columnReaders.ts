/** One column of a batch that was read. A row without a value where one has to be ends the reading of the batch. */
import { Damaged } from "./damage.ts";
import { Validity } from "./presence.ts";

abstract class ColumnReader {
  readonly #name: string;
  protected readonly valid: Validity;

  /** @param valid one bit a row; null: every row has a value; undefined: none has */
  constructor(name: string, valid: Uint8Array | null | undefined) {
    this.#name = name;
    this.valid = new Validity(valid);
  }

  /** The first row from here on that has no value, or the end. */
  filledUntil(from: number, end: number): number {
    return this.valid.filledUntil(from, end);
  }

  protected missing(row: number): never {
    throw new Damaged(`row ${row} has no ${this.#name}`);
  }

  protected never(row: number): never {
    throw new Damaged(`row ${row} has a ${this.#name} that cannot be`);
  }
}

const two32 = 2 ** 32;

export class IntReader extends ColumnReader {
  readonly #low: Uint32Array;
  readonly #high: Int32Array;
  readonly #long: BigInt64Array;

  constructor(name: string, valid: Uint8Array | null | undefined, data: Buffer) {
    super(name, valid);
    const bytes = aligned(data);
    this.#low = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    this.#high = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    this.#long = new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3);
  }

  get(row: number): number {
    if (!this.valid.has(row)) this.missing(row);
    return (this.#high[2 * row + 1] ?? 0) * two32 + (this.#low[2 * row] ?? 0);
  }

  orNull(row: number): number | null {
    return this.valid.has(row) ? this.get(row) : null;
  }

  /** The first row behind this one that does not have its value, or the end. */
  sameUntil(row: number, end: number): number {
    const until = this.filledUntil(row, end);
    const [words, low, high] = [this.#low, this.#low[2 * row], this.#low[2 * row + 1]];
    for (let next = row + 1; next < until; next++) {
      if (words[2 * next] !== low || words[2 * next + 1] !== high) return next;
    }
    return until;
  }

  long(row: number): bigint {
    if (!this.valid.has(row)) this.missing(row);
    return this.#long[row] ?? 0n;
  }
}

/** Whole numbers as their place in a dictionary. */
export class IdReader extends ColumnReader {
  /** By row; NaN: it has none, or its place is not in the dictionary. Looked up at once, which is the faster way. */
  readonly #numbers: Float64Array;

  constructor(name: string, valid: Uint8Array | null | undefined, data: Buffer, dictionary: Float64Array) {
    super(name, valid);
    const bytes = aligned(data);
    const codes = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    this.#numbers = new Float64Array(codes.length);
    for (let row = 0; row < codes.length; row++) {
      this.#numbers[row] = (this.valid.has(row) ? dictionary[codes[row] ?? -1] : undefined) ?? Number.NaN;
    }
  }

  get(row: number): number {
    const number = this.#numbers[row] ?? Number.NaN;
    if (!Number.isNaN(number)) return number;
    if (!this.valid.has(row)) this.missing(row);
    return this.never(row);
  }

  orNull(row: number): number | null {
    return this.valid.has(row) ? this.get(row) : null;
  }

  /** The first row behind this one that does not have its value, or the end. */
  sameUntil(row: number, end: number): number {
    const number = this.#numbers[row];
    for (let next = row; next < end; next++) if (this.#numbers[next] !== number) return next;
    return end;
  }
}

export class FloatReader extends ColumnReader {
  readonly #values: Float64Array;

  constructor(name: string, valid: Uint8Array | null | undefined, data: Buffer) {
    super(name, valid);
    const bytes = aligned(data);
    this.#values = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3);
  }

  get(row: number): number {
    if (!this.valid.has(row)) this.missing(row);
    const value = this.#values[row] ?? Number.NaN;
    return Number.isFinite(value) ? value : this.never(row);
  }

  orNull(row: number): number | null {
    return this.valid.has(row) ? this.get(row) : null;
  }
}

export class BoolReader extends ColumnReader {
  readonly #bits: Uint8Array;

  constructor(name: string, valid: Uint8Array | null | undefined, bits: Uint8Array) {
    super(name, valid);
    this.#bits = bits;
  }

  get(row: number): boolean {
    if (!this.valid.has(row)) this.missing(row);
    return (((this.#bits[row >> 3] ?? 0) >> (row & 7)) & 1) === 1;
  }

  /** The first row behind this one that does not have its value, or the end. */
  sameUntil(row: number, end: number): number {
    const until = this.filledUntil(row, end);
    if (until === row) return row;
    const value = this.get(row);
    for (let next = row + 1; next < until; next++) {
      if ((((this.#bits[next >> 3] ?? 0) >> (next & 7)) & 1) !== Number(value)) return next;
    }
    return until;
  }
}

export class TextReader extends ColumnReader {
  readonly #codes: Int32Array;
  readonly #texts: readonly string[];
  readonly #lines = new Map<number, readonly string[]>();

  constructor(name: string, valid: Uint8Array | null | undefined, data: Buffer, texts: readonly string[]) {
    super(name, valid);
    const bytes = aligned(data);
    this.#codes = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    this.#texts = texts;
  }

  get(row: number): string {
    if (!this.valid.has(row)) this.missing(row);
    return this.#texts[this.#codes[row] ?? -1] ?? this.never(row);
  }

  orNull(row: number): string | null {
    return this.valid.has(row) ? this.get(row) : null;
  }

  /** The first row behind this one that does not have its text, or the end. */
  sameUntil(row: number, end: number): number {
    const until = this.filledUntil(row, end);
    const [codes, code] = [this.#codes, this.#codes[row]];
    for (let next = row + 1; next < until; next++) if (codes[next] !== code) return next;
    return until;
  }

  /** The lines of a text; the same list for each row that has it. */
  lines(row: number): readonly string[] {
    const code = this.#codes[row] ?? -1;
    const known = this.#lines.get(code);
    if (known !== undefined && this.valid.has(row)) return known;
    const text = this.get(row);
    const lines = text === "" ? [] : text.split("\n");
    this.#lines.set(code, lines);
    return lines;
  }

  /** One of these words, or the batch is damaged. */
  word<Word extends string>(row: number, words: ReadonlySet<Word>): Word {
    const text = this.get(row);
    return words.has(text as Word) ? (text as Word) : this.never(row);
  }

  wordOrNull<Word extends string>(row: number, words: ReadonlySet<Word>): Word | null {
    return this.valid.has(row) ? this.word(row, words) : null;
  }
}

/** Whole numbers of two or four bytes. */
abstract class NarrowReader<Values extends Uint16Array | Uint32Array> extends ColumnReader {
  readonly #values: Values;

  constructor(name: string, valid: Uint8Array | null | undefined, values: Values) {
    super(name, valid);
    this.#values = values;
  }

  get(row: number): number {
    if (!this.valid.has(row)) this.missing(row);
    return this.#values[row] ?? this.never(row);
  }

  /** Rows side by side; those without a value are zero, or whatever the writer left there. */
  many(from: number, end: number): Values {
    return this.#values.slice(from, end) as Values;
  }
}

export class U16Reader extends NarrowReader<Uint16Array> {
  constructor(name: string, valid: Uint8Array | null | undefined, data: Buffer) {
    const bytes = aligned(data);
    super(name, valid, new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1));
  }
}

export class U32Reader extends NarrowReader<Uint32Array> {
  constructor(name: string, valid: Uint8Array | null | undefined, data: Buffer) {
    const bytes = aligned(data);
    super(name, valid, new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2));
  }
}

/** Numbers can only be viewed where they lie on a multiple of their size. */
function aligned(bytes: Buffer): Uint8Array {
  return bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
}
