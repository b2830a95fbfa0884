/** The head of a trace: what a reader has to know before the first batch. It is the schema's metadata. */
import { Bool, Dictionary, Field, Float64, Int32, Int64, Schema, Uint16, Uint32, Utf8 } from "apache-arrow";
import type { HostEvent, PlanEvent } from "../events.ts";
import type { MonotonicNs, WallMs } from "../units.ts";
import {
  type ColumnName,
  type ColumnType,
  columnNames,
  columns,
  formatVersion,
  requiredColumns,
  subjectColumns,
} from "./columns.ts";
import { textDictionary } from "./encodeBatch.ts";
import { encodeMessage } from "./encodeMessage.ts";
import type { Redactor } from "./redaction/redactor.ts";

export interface TraceHeader {
  /** Version of this format. */
  readonly format: { readonly major: number; readonly minor: number };
  /** Who wrote it: secretscope 0.1.0. */
  readonly tool: string;
  /** The two clocks, read together when the file was begun. */
  readonly monotonic: MonotonicNs;
  readonly wall: WallMs;
  /** Which file of a recording this is, from 1. */
  readonly file: number;
  /** Names were replaced by pseudonyms, see redaction/treatments.ts. */
  readonly redacted: boolean;
  /** As last said before the file was begun; null when nobody had. */
  readonly host: Omit<HostEvent, "kind" | "at"> | null;
  readonly plan: Omit<PlanEvent, "kind" | "at"> | null;
}

const prefix = "secretscope.";
/** Keys of the metadata; each begins with `secretscope.`. */
export const headerKeys = {
  format: "format",
  tool: "tool",
  monotonic: "monotonic_ns",
  wall: "wall_ms",
  file: "file",
  redacted: "redacted",
  host: "host",
  plan: "plan",
} as const;

export const headerKey = (name: keyof typeof headerKeys) => prefix + headerKeys[name];

/** @param redactor of a recording whose names are to be redacted: here too */
export function schemaMessage(header: TraceHeader, redactor?: Redactor): Uint8Array {
  const host = header.host !== null && redactor ? redactor.host(header.host) : header.host;
  const plan = header.plan !== null && redactor ? redactor.plan(header.plan) : header.plan;
  const metadata = new Map([
    [headerKey("format"), `${header.format.major}.${header.format.minor}`],
    [headerKey("tool"), header.tool],
    [headerKey("monotonic"), String(header.monotonic)],
    [headerKey("wall"), String(header.wall)],
    [headerKey("file"), String(header.file)],
    [headerKey("redacted"), String(header.redacted || redactor !== undefined)],
    [headerKey("host"), JSON.stringify(host)],
    [headerKey("plan"), JSON.stringify(plan)],
  ]);
  return encodeMessage(new Schema(schemaFields(), metadata), [], {});
}

export const currentFormat = formatVersion;

export function schemaFields(): Field[] {
  // One dictionary serves all columns of text, so they share its type as well.
  const text = new Utf8();
  const numbers: readonly ColumnName[] = subjectColumns;
  const types: Record<ColumnType, (name: ColumnName) => Field["type"]> = {
    int: () => new Int64(),
    u16: () => new Uint16(),
    u32: () => new Uint32(),
    float: () => new Float64(),
    bool: () => new Bool(),
    text: () => new Dictionary(text, new Int32(), textDictionary),
    id: (name) => new Dictionary(new Int64(), new Int32(), textDictionary + 1 + numbers.indexOf(name)),
  };
  return columnNames.map((name) => new Field(name, types[columns[name].type](name), !requiredColumns.has(name)));
}
