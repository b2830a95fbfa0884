/** A column of small numbers: two or four bytes a row instead of eight. */
import { ColumnBuffer } from "./columnBuffers.ts";

type Values = Uint16Array | Uint32Array;

/** Whole numbers that fit into their bytes: whoever writes them has made sure. */
export class NarrowColumn extends ColumnBuffer {
  readonly #makeRoom: (rows: number) => Values;
  #values: Values;

  /** @param makeRoom zeros of the column's width */
  constructor(makeRoom: (rows: number) => Values) {
    super();
    this.#makeRoom = makeRoom;
    this.#values = makeRoom(0);
  }

  /** Rows side by side. */
  setMany(from: number, values: Values): void {
    // A column that nothing was set in yet has no room, not even for nothing.
    if (values.length === 0) return;
    this.markMany(from, values.length);
    this.#values.set(values, from);
  }

  bytesFor(rows: number): number {
    return this.#values.BYTES_PER_ELEMENT * rows;
  }

  protected bytes(): Uint8Array {
    return new Uint8Array(this.#values.buffer);
  }

  protected resize(rows: number): void {
    const values = this.#makeRoom(rows);
    values.set(this.#values);
    this.#values = values;
  }
}
