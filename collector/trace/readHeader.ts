/** The head of a trace from elsewhere: its version first, since nothing else can be read before that is known. */
import { Type } from "apache-arrow";
import type { Field } from "apache-arrow/fb/field";
import { Int } from "apache-arrow/fb/int";
import { CannotRun } from "../cannotRun.ts";
import { monotonicNs, wallMs } from "../units.ts";
import { type ColumnType, columns, formatVersion, readVersions } from "./columns.ts";
import { Damaged } from "./damage.ts";
import { hostDetail, planDetail } from "./detail.ts";
import { headerKey, type TraceHeader } from "./header.ts";
import { type MessageHead, schemaOf } from "./messageHead.ts";

export interface TraceColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** Number of its dictionary; null: it has none. */
  readonly dictionary: number | null;
}

export interface ReadHeader {
  readonly header: TraceHeader;
  readonly columns: readonly TraceColumn[];
  /** A newer minor version: what it added is not shown. */
  readonly note: string | null;
}

const howToGoOn = "record again, or use a copy that was not changed";

/** @throws CannotRun with the version that reads it, when this one cannot */
export function readHeader(head: MessageHead, file: string): ReadHeader {
  const schema = schemaOf(head);
  const entries = new Map<string, string>();
  for (let index = 0; index < schema.customMetadataLength(); index++) {
    const entry = schema.customMetadata(index);
    entries.set(entry?.key() ?? "", entry?.value() ?? "");
  }
  const version = /^(\d{1,6})\.(\d{1,6})$/.exec(entries.get(headerKey("format")) ?? "");
  if (version === null) {
    throw new CannotRun(
      `${file} is an Arrow stream, but no recording of secretscope`,
      "name a file made by secretscope record",
    );
  }
  const [, major = "", minor = ""] = version;
  const format = { major: Number(major), minor: Number(minor) };
  const tool = entries.get(headerKey("tool")) ?? "";
  const knownMinor = readVersions.get(format.major);
  if (knownMinor === undefined) {
    throw new CannotRun(
      `${file} is in format ${major}.${minor}, written by ${tool}; this version reads formats up to ${formatVersion.major}`,
      `use ${tool || "a newer secretscope"}, or a later version of it`,
    );
  }
  try {
    return {
      header: {
        format,
        tool,
        monotonic: monotonicNs(BigInt(entries.get(headerKey("monotonic")) ?? "0")),
        wall: wallMs(Number(entries.get(headerKey("wall")))),
        file: Number(entries.get(headerKey("file")) ?? 1),
        redacted: entries.get(headerKey("redacted")) === "true",
        host: optional(entries.get(headerKey("host")), hostDetail),
        plan: optional(entries.get(headerKey("plan")), planDetail),
      },
      columns: Array.from({ length: schema.fieldsLength() }, (_, index) => columnOf(schema.fields(index))),
      note:
        format.minor > knownMinor
          ? `${file} is in format ${major}.${minor}, written by ${tool}; what is newer than ${major}.${knownMinor} is not shown`
          : null,
    };
  } catch (error) {
    if (!(error instanceof Damaged || error instanceof SyntaxError)) throw error;
    throw new CannotRun(`the head of ${file} cannot be read: ${error.message}`, howToGoOn);
  }
}

const optional = <T>(json: string | undefined, read: (json: string) => T): T | null =>
  json === undefined || json === "null" ? null : read(json);

function columnOf(field: Field | null): TraceColumn {
  const name = field?.name() ?? "";
  const known: { readonly type: ColumnType } | undefined = Object.hasOwn(columns, name)
    ? columns[name as keyof typeof columns]
    : undefined;
  // Numbers of another width are passed over where nobody knows the column.
  const type = typeOf(field) ?? (known === undefined && isPlainInt(field) ? "int" : undefined);
  if (field === null || type === undefined) throw new Damaged(`column ${name} is of a kind that is not known`);
  // Before format 2.0 these had no dictionary.
  const fits = known === undefined || known.type === type || (known.type === "id" && type === "int");
  if (!fits) throw new Damaged(`column ${name} is of another kind`);
  const id = field.dictionary()?.id();
  return { name, type, dictionary: id === undefined ? null : Number(id) };
}

const isPlainInt = (field: Field | null) =>
  (field?.typeType() as unknown as Type) === Type.Int && field?.dictionary() === null;

/** Only these, or the places of the other columns cannot be known. */
function typeOf(field: Field | null): ColumnType | undefined {
  if (field === null) return undefined;
  const isCoded = field.dictionary() !== null;
  switch (field.typeType() as unknown as Type) {
    case Type.Utf8:
      return isCoded ? "text" : undefined;
    case Type.Int:
      return isCoded ? "id" : intType(field.type(new Int()) as Int | null);
    case Type.Float:
      return isCoded ? undefined : "float";
    case Type.Bool:
      return isCoded ? undefined : "bool";
    default:
      return undefined;
  }
}

function intType(type: Int | null): ColumnType | undefined {
  const width = `${type?.isSigned() ? "" : "u"}${type?.bitWidth()}`;
  return width === "64" ? "int" : width === "u16" || width === "u32" ? width : undefined;
}
