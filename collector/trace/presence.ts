/**
 * Which rows of a column have a value: one bit a row in the file. In classes of their own, and not in the columns' base
 * class: what is called for each row has to meet objects of one kind only, or it is several times as slow.
 */

const allOnes = 0xff;

/** While a batch is filled. Rows with a value come in runs, since rows of a kind do. */
export class Presence {
  count = 0;
  /** Each from, up to but not with; the last one is still growing. */
  readonly #runs: number[] = [];
  #from = 0;
  #to = 0;

  /** Behind the last row that has a value. */
  get end(): number {
    return this.#to;
  }

  /** Rows come in their order. */
  mark(row: number): void {
    this.count++;
    if (row !== this.#to) {
      if (this.#to > this.#from) this.#runs.push(this.#from, this.#to);
      this.#from = row;
    }
    this.#to = row + 1;
  }

  /** Rows side by side, at least one. */
  markMany(from: number, count: number): void {
    this.mark(from);
    this.count += count - 1;
    this.#to = from + count;
  }

  markAll(rows: number): void {
    this.clear();
    this.count = rows;
    this.#to = rows;
  }

  bits(rows: number): Uint8Array {
    const bits = new Uint8Array((rows + 7) >> 3);
    for (let run = 0; run < this.#runs.length; run += 2) setBits(bits, this.#runs[run] ?? 0, this.#runs[run + 1] ?? 0);
    setBits(bits, this.#from, this.#to);
    return bits;
  }

  clear(): void {
    this.count = 0;
    this.#runs.length = 0;
    this.#from = 0;
    this.#to = 0;
  }
}

export function setBits(bits: Uint8Array, from: number, to: number, value = true): void {
  for (let row = from; row < to; ) {
    if ((row & 7) === 0 && to - row >= 8) {
      bits.fill(value ? allOnes : 0, row >> 3, to >> 3);
      row = to & ~7;
    } else {
      const bit = 1 << (row & 7);
      bits[row >> 3] = value ? (bits[row >> 3] ?? 0) | bit : (bits[row >> 3] ?? 0) & ~bit;
      row++;
    }
  }
}

/** In a batch that was read. */
export class Validity {
  readonly #all: boolean;
  readonly #bits: Uint8Array;

  /** @param bits null: every row has a value; undefined: none has */
  constructor(bits: Uint8Array | null | undefined) {
    this.#all = bits === null;
    this.#bits = bits ?? new Uint8Array(0);
  }

  has(row: number): boolean {
    return this.#all || (((this.#bits[row >> 3] ?? 0) >> (row & 7)) & 1) === 1;
  }
  /** The first row from here on that has no value, or the end. */
  filledUntil(from: number, end: number): number {
    if (this.#all) return end;
    let row = from;
    while (row < end) {
      const bits = this.#bits[row >> 3] ?? 0;
      if (bits === allOnes && (row & 7) === 0) row += 8;
      else if (((bits >> (row & 7)) & 1) === 1) row++;
      else return row;
    }
    return end;
  }
}
