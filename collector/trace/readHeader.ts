/** The head of a trace from elsewhere: its version first, since nothing else can be read before that is known. */
import { Type } from "apache-arrow";
import type { Field } from "apache-arrow/fb/field";
import { Int } from "apache-arrow/fb/int";
import { CannotRun } from "../cannotRun.ts";
import { monotonicNs, wallMs } from "../units.ts";
import { type ColumnType, columns, formatVersion } from "./columns.ts";
import { Damaged } from "./damage.ts";
import { hostDetail, planDetail } from "./detail.ts";
import { headerKey, type TraceHeader } from "./header.ts";
import { type MessageHead, schemaOf } from "./messageHead.ts";

export interface TraceColumn {
  readonly name: string;
  readonly type: ColumnType;
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
  if (format.major !== formatVersion.major) {
    throw new CannotRun(
      `${file} is in format ${major}.${minor}, written by ${tool}; this version reads format ${formatVersion.major}`,
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
        format.minor > formatVersion.minor
          ? `${file} is in format ${major}.${minor}, written by ${tool}; what is newer than ${formatVersion.major}.${formatVersion.minor} is not shown`
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
  const isKnown = Object.hasOwn(columns, name);
  // Numbers of another width are passed over where nobody knows the column.
  const type = typeOf(field) ?? (!isKnown && (field?.typeType() as unknown as Type) === Type.Int ? "int" : undefined);
  if (field === null || type === undefined) throw new Damaged(`column ${name} is of a kind that is not known`);
  const known: { readonly type: ColumnType } | undefined = isKnown ? columns[name as keyof typeof columns] : undefined;
  if (known !== undefined && known.type !== type) throw new Damaged(`column ${name} is of another kind`);
  return { name, type };
}

/** Only these, or the places of the other columns cannot be known. */
function typeOf(field: Field | null): ColumnType | undefined {
  if (field === null) return undefined;
  if (field.dictionary() !== null) return "text";
  switch (field.typeType() as unknown as Type) {
    case Type.Int:
      return intType(field.type(new Int()) as Int | null);
    case Type.Float:
      return "float";
    case Type.Bool:
      return "bool";
    default:
      return undefined;
  }
}

function intType(type: Int | null): ColumnType | undefined {
  const width = `${type?.isSigned() ? "" : "u"}${type?.bitWidth()}`;
  return width === "64" ? "int" : width === "u16" || width === "u32" ? width : undefined;
}
