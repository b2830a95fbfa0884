/** The messages of a batch back into columns. Lengths are checked against the number of rows before anything is unpacked. */
import { BoolReader, FloatReader, IdReader, IntReader, TextReader, U16Reader, U32Reader } from "./columnReaders.ts";
import {
  type ColumnName,
  type ColumnType,
  columnNames,
  columns,
  requiredColumns,
  rowKinds,
  subjectColumns,
} from "./columns.ts";
import { Damaged } from "./damage.ts";
import type { ColumnReaders } from "./decodeRows.ts";
import { textDictionary } from "./encodeBatch.ts";
import { mostRows, mostUnpackedBytes } from "./limits.ts";
import { type BatchLayout, dictionaryIdOf, layoutOf, type MessageHead } from "./messageHead.ts";
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
  id: (rows) => 4 * rows,
};

/** Of one batch, by the number that the schema gives each. */
export interface Dictionaries {
  readonly texts: ReadonlyMap<number, readonly string[]>;
  readonly numbers: ReadonlyMap<number, Float64Array>;
}

/** The program's own copy of each kind's name: rows are told apart by it, which is much faster than by an equal text. */
const kindNames: ReadonlyMap<string, string> = new Map(Object.keys(rowKinds).map((kind) => [kind, kind]));

/** @throws Damaged */
export function decodeDictionaries(
  messages: Iterable<{ readonly head: MessageHead; readonly body: Buffer }>,
  schema: readonly TraceColumn[],
): Dictionaries {
  const types = new Map(schema.map(({ type, dictionary }) => [dictionary, type]));
  const texts = new Map<number, readonly string[]>();
  const numbers = new Map<number, Float64Array>();
  for (const { head, body } of messages) {
    const id = dictionaryIdOf(head);
    // A newer version's columns may have more.
    if (types.get(id) === "text") {
      if (texts.size > 0) throw new Damaged("a batch with more than one dictionary of texts");
      texts.set(id, decodeTexts(head, body));
    }
    if (types.get(id) === "id") numbers.set(id, decodeNumbers(head, body));
  }
  return { texts, numbers };
}

function decodeTexts(head: MessageHead, body: Buffer): readonly string[] {
  const { rows, codec, regions } = layoutOf(head);
  const [, offsetsAt, textAt] = regions;
  if (offsetsAt === undefined || textAt === undefined) throw new Damaged("a dictionary without text");
  if (4 * (rows + 1) > mostUnpackedBytes) throw new Damaged("a dictionary claims too many texts");
  const part = ({ offset, length }: { offset: number; length: number }) => body.subarray(offset, offset + length);
  const offsets = unpack(part(offsetsAt), 4 * (rows + 1), codec);
  const length = offsets.readInt32LE(4 * rows);
  if (length < 0 || length > mostUnpackedBytes) throw new Damaged("a dictionary claims too much text");
  const text = unpack(part(textAt), length, codec);
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

function decodeNumbers(head: MessageHead, body: Buffer): Float64Array {
  const { rows, codec, nulls, regions } = layoutOf(head);
  const [, valuesAt] = regions;
  if (valuesAt === undefined || nulls[0] !== 0) throw new Damaged("a dictionary without numbers");
  // Each row is about one subject.
  if (rows > mostRows) throw new Damaged("a dictionary claims too many numbers");
  const values = unpack(body.subarray(valuesAt.offset, valuesAt.offset + valuesAt.length), 8 * rows, codec);
  return Float64Array.from({ length: rows }, (_, index) => Number(values.readBigInt64LE(8 * index)));
}

/** When the head of the file is damaged: what a batch like this one had, in the version that wrote such batches. */
export function assumedSchema(head: MessageHead, dictionaries: number): readonly TraceColumn[] {
  const ids: readonly string[] = subjectColumns;
  return columnNames.slice(0, layoutOf(head).nulls.length).map((name) => {
    const { type } = columns[name];
    if (type === "text") return { name, type, dictionary: textDictionary };
    if (type !== "id") return { name, type, dictionary: null };
    return dictionaries > 1
      ? { name, type, dictionary: textDictionary + 1 + ids.indexOf(name) }
      : { name, type: "int", dictionary: null };
  });
}

/** @param schema the columns of this file, which may be more than are known here */
export function decodeColumns(
  head: MessageHead,
  body: Buffer,
  dictionaries: Dictionaries,
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
  const part = unpacker(layout, body);
  schema.forEach((column, index) => {
    const { name } = column;
    if (Object.hasOwn(columns, name)) found.set(name, reader(column, index, layout, part, dictionaries));
  });
  for (const name of columnNames) if (!found.has(name)) found.set(name, absent(name));
  return { rows, columns: Object.fromEntries(found) as unknown as ColumnReaders };
}

/** Buffers of a batch by their numbers; those that lie in the same place are unpacked once. */
function unpacker({ codec, regions }: BatchLayout, body: Buffer) {
  const known = new Map<string, Buffer>();
  return (number: number, expected: number): Buffer => {
    const { offset, length } = regions[number] ?? { offset: 0, length: 0 };
    const place = `${offset} ${length} ${expected}`;
    const bytes = known.get(place) ?? unpack(body.subarray(offset, offset + length), expected, codec);
    known.set(place, bytes);
    return bytes;
  };
}

function reader(
  column: TraceColumn,
  index: number,
  { rows, nulls }: BatchLayout,
  part: ReturnType<typeof unpacker>,
  dictionaries: Dictionaries,
) {
  const { name, type } = column;
  if (nulls[index] === rows && !requiredColumns.has(name)) return absent(name as ColumnName);
  const validity = nulls[index] === 0 ? null : part(2 * index, (rows + 7) >> 3);
  const data = part(2 * index + 1, bytesOf[type](rows));
  return readerOf(column, validity, data, dictionaries);
}

const nothing = Buffer.alloc(0);
const noDictionaries: Dictionaries = { texts: new Map(), numbers: new Map() };
const absent = (name: ColumnName) =>
  readerOf({ name, type: columns[name].type, dictionary: null }, undefined, nothing, noDictionaries);

function readerOf(
  { name, type, dictionary }: TraceColumn,
  validity: Uint8Array | null | undefined,
  data: Buffer,
  { texts, numbers }: Dictionaries,
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
      return new TextReader(name, validity, data, texts.get(dictionary ?? -1) ?? []);
    case "id":
      return new IdReader(name, validity, data, numbers.get(dictionary ?? -1) ?? noNumbers);
  }
}

const noNumbers = new Float64Array(0);
