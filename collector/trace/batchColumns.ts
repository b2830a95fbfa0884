/** The columns of one batch while it is filled, one for each that is declared. */
import { BoolColumn, ChangedIntColumn, FloatColumn, IntColumn, SubjectColumn, TextColumn } from "./columnBuffers.ts";
import { type ColumnName, columnNames, columns } from "./columns.ts";
import { NarrowColumn } from "./narrowColumn.ts";
import type { Redactor } from "./redaction/redactor.ts";
import type { Subjects } from "./subjects.ts";
import type { TextDictionary } from "./textDictionary.ts";

interface BufferOf {
  readonly int: IntColumn;
  readonly u16: NarrowColumn;
  readonly u32: NarrowColumn;
  readonly float: FloatColumn;
  readonly bool: BoolColumn;
  readonly text: TextColumn;
  readonly id: SubjectColumn;
}
export type ColumnBuffers = { readonly [Name in ColumnName]: BufferOf[(typeof columns)[Name]["type"]] };

/** @param redactor replaces names on their way into the columns; without one they stay */
export function makeColumns(dictionary: TextDictionary, subjects: Subjects, redactor?: Redactor): ColumnBuffers {
  const make = (name: ColumnName) => {
    const change = redactor?.number(name);
    switch (columns[name].type) {
      case "int":
        return change === undefined ? new IntColumn() : new ChangedIntColumn(change);
      case "u16":
        return new NarrowColumn((rows) => new Uint16Array(rows));
      case "u32":
        return new NarrowColumn((rows) => new Uint32Array(rows));
      case "float":
        return new FloatColumn();
      case "bool":
        return new BoolColumn();
      case "id":
        return new SubjectColumn(subjects);
      case "text":
        return new TextColumn(dictionary, redactor?.text(name));
    }
  };
  return Object.fromEntries(columnNames.map((name) => [name, make(name)])) as unknown as ColumnBuffers;
}
