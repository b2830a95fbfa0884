/** Two messages back into columns. Lengths are checked against the number of rows before anything is unpacked. */
import { BoolReader, FloatReader, IntReader, TextReader, U16Reader, U32Reader } from "./columnReaders.ts";
import { type ColumnName, type ColumnType, columnNames, columns, requiredColumns, rowKinds } from "./columns.ts";
import { Damaged } from "./damage.ts";
import type { ColumnReaders } from "./decodeRows.ts";
import { mostUnpackedBytes } from "./limits.ts";
import { type BatchLayout, layoutOf, type MessageHead } from "./messageHead.ts";
import type { TraceColumn } from "./readHeader.ts";
import { unpack } from "./unpack.ts";

export interface DecodedBatch {
  readonly rows: number;
  readonly columns: ColumnReaders;
}

const bytesOf: Readonly<Record<ColumnType, (rows: number) => number>> = {
  int: (rows) => 8 * rows,
  u16: (rows) => 2 * rows,
  u32: (rows) => 4 * rows,
  float: (rows) => 8 * rows,
  bool: (rows) => (rows + 7) >> 3,
  text: (rows) => 4 * rows,
};

/** The program's own copy of each kind's name: rows are told apart by it, which is much faster than by an equal text. */
const kindNames: ReadonlyMap<string, string> = new Map(Object.keys(rowKinds).map((kind) => [kind, kind]));

/** @throws Damaged */
export function decodeTexts(head: MessageHead, body: Buffer): readonly string[] {
  const { rows, regions } = layoutOf(head);
  const [, offsetsAt, textAt] = regions;
  if (offsetsAt === undefined || textAt === undefined) throw new Damaged("a dictionary without text");
  if (4 * (rows + 1) > mostUnpackedBytes) throw new Damaged("a dictionary claims too many texts");
  const part = ({ offset, length }: { offset: number; length: number }) => body.subarray(offset, offset + length);
  const offsets = unpack(part(offsetsAt), 4 * (rows + 1));
  const length = offsets.readInt32LE(4 * rows);
  if (length < 0 || length > mostUnpackedBytes) throw new Damaged("a dictionary claims too much text");
  const text = unpack(part(textAt), length);
  const texts: string[] = [];
  for (let index = 0; index < rows; index++) {
    const begin = offsets.readInt32LE(4 * index);
    const end = offsets.readInt32LE(4 * index + 4);
    if (begin < 0 || end < begin || end > length) throw new Damaged("a dictionary's text lies outside");
    const decoded = text.toString("utf8", begin, end);
    texts.push(kindNames.get(decoded) ?? decoded);
  }
  return texts;
}

/** @param schema the columns of this file, which may be more than are known here */
export function decodeColumns(
  head: MessageHead,
  body: Buffer,
  texts: readonly string[],
  schema: readonly TraceColumn[],
): DecodedBatch {
  const layout = layoutOf(head);
  const { rows, nulls, regions } = layout;
  if (nulls.length !== schema.length || regions.length !== 2 * schema.length) {
    throw new Damaged("a batch has other columns than the schema");
  }
  const unpacked = schema.reduce((sum, { type }) => sum + bytesOf[type](rows), 0);
  if (unpacked > mostUnpackedBytes) throw new Damaged("a batch would need too much memory");
  const found = new Map<string, unknown>();
  schema.forEach(({ name, type }, index) => {
    if (Object.hasOwn(columns, name)) found.set(name, reader(name, type, index, layout, body, texts));
  });
  for (const name of columnNames) if (!found.has(name)) found.set(name, absent(name));
  return { rows, columns: Object.fromEntries(found) as unknown as ColumnReaders };
}

function reader(
  name: string,
  type: ColumnType,
  index: number,
  { rows, nulls, regions }: BatchLayout,
  body: Buffer,
  texts: readonly string[],
) {
  const part = (number: number) => {
    const { offset, length } = regions[number] ?? { offset: 0, length: 0 };
    return body.subarray(offset, offset + length);
  };
  if (nulls[index] === rows && !requiredColumns.has(name)) return absent(name as ColumnName);
  const validity = nulls[index] === 0 ? null : unpack(part(2 * index), (rows + 7) >> 3);
  const data = unpack(part(2 * index + 1), bytesOf[type](rows));
  return readerOf(name, type, validity, data, texts);
}

const nothing = Buffer.alloc(0);
const absent = (name: ColumnName) => readerOf(name, columns[name].type, undefined, nothing, []);

function readerOf(
  name: string,
  type: ColumnType,
  validity: Uint8Array | null | undefined,
  data: Buffer,
  texts: readonly string[],
) {
  switch (type) {
    case "int":
      return new IntReader(name, validity, data);
    case "u16":
      return new U16Reader(name, validity, data);
    case "u32":
      return new U32Reader(name, validity, data);
    case "float":
      return new FloatReader(name, validity, data);
    case "bool":
      return new BoolReader(name, validity, data);
    case "text":
      return new TextReader(name, validity, data, texts);
  }
}
