/** Columns of small numbers: two or four bytes a row instead of eight. */
import { ColumnBuffer } from "./columnBuffers.ts";

/** Whole numbers that fit into their bytes: whoever writes them has made sure. */
abstract class NarrowColumn extends ColumnBuffer {
  protected abstract readonly values: Uint16Array | Uint32Array;

  set(row: number, value: number): void {
    if (row >= this.rows) this.grow(row);
    this.present.mark(row);
    this.values[row] = value;
  }

  /** Rows side by side. */
  setMany(from: number, values: Uint16Array | Uint32Array): void {
    // A column that nothing was set in yet has no room, not even for nothing.
    if (values.length === 0) return;
    this.markMany(from, values.length);
    this.values.set(values, from);
  }

  bytesFor(rows: number): number {
    return this.values.BYTES_PER_ELEMENT * rows;
  }

  protected bytes(): Uint8Array {
    return new Uint8Array(this.values.buffer);
  }
}

export class U16Column extends NarrowColumn {
  protected values = new Uint16Array(0);

  protected resize(rows: number): void {
    const values = new Uint16Array(rows);
    values.set(this.values);
    this.values = values;
  }
}

export class U32Column extends NarrowColumn {
  protected values = new Uint32Array(0);

  protected resize(rows: number): void {
    const values = new Uint32Array(rows);
    values.set(this.values);
    this.values = values;
  }
}
