/** A Perfetto trace read strictly by Perfetto's own schema (test/fixtures/perfetto). */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import {
  createFileRegistry,
  type DescField,
  type DescMessage,
  fromBinary,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const descriptors = new URL("../../../fixtures/perfetto/trace.descriptors.gz", import.meta.url);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, gunzipSync(readFileSync(descriptors))));
const schema = registry.getMessage("perfetto.protos.Trace") as DescMessage;

interface Annotation {
  readonly name: string;
  readonly stringValue?: string;
  /** int64 as JSON: decimal text. */
  readonly intValue?: string;
  readonly doubleValue?: number;
  readonly dictEntries?: readonly Annotation[];
}

/** What proto3's JSON makes of a TracePacket; as much of it as is tested. */
export interface Packet {
  readonly timestamp?: string;
  readonly timestampClockId?: number;
  readonly clockSnapshot?: {
    readonly clocks: readonly { readonly clockId: number; readonly timestamp: string }[];
    readonly primaryTraceClock: string;
  };
  readonly trackDescriptor?: {
    readonly uuid: string;
    readonly name: string;
    readonly parentUuid?: string;
    readonly counter?: { readonly unit: string; readonly yAxisShareKey?: string };
  };
  readonly trackEvent?: {
    readonly type: "TYPE_COUNTER" | "TYPE_INSTANT" | "TYPE_SLICE_BEGIN" | "TYPE_SLICE_END";
    readonly trackUuid: string;
    readonly name?: string;
    readonly counterValue?: string;
    readonly doubleCounterValue?: number;
    readonly debugAnnotations?: readonly Annotation[];
  };
  readonly systemInfo?: { readonly utsname: { readonly sysname: string; readonly release: string } };
}

/** @throws when anything in it is not of the schema: a field that it does not have, or has with another type */
export function packetsOf(trace: Uint8Array): readonly Packet[] {
  checkFields(trace, schema);
  return (toJson(schema, fromBinary(schema, trace), { registry }) as { packet?: readonly Packet[] }).packet ?? [];
}

/** Readers of protobuf skip what they do not know; this one does not. */
function checkFields(message: Uint8Array, { typeName, fields }: DescMessage): void {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const field = fields.find((each) => each.number === number);
    if (field === undefined) throw new Error(`${typeName} has no field ${number}`);
    if (type !== wireType(field)) throw new Error(`${typeName}.${field.name} is of another type`);
    if (field.message !== undefined) checkFields(reader.bytes(), field.message);
    else reader.skip(type, number);
  }
}

function wireType(field: DescField): WireType {
  if (field.enum !== undefined) return WireType.Varint;
  switch (field.scalar) {
    case undefined:
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32;
    default:
      return WireType.Varint;
  }
}

/** Annotations as data: a missing one is what was not known. */
export function annotations(list: readonly Annotation[] = []): Record<string, unknown> {
  return Object.fromEntries(
    list.map(({ name, stringValue, intValue, doubleValue, dictEntries }) => [
      name,
      dictEntries
        ? annotations(dictEntries)
        : (stringValue ?? (intValue === undefined ? doubleValue : Number(intValue))),
    ]),
  );
}

/** The trace as a viewer has it: events with the names of their tracks. */
export class PerfettoTrace {
  readonly packets: readonly Packet[];
  /** Tracks by uuid: the path of names from the root. */
  readonly tracks = new Map<string, string>();
  readonly events: readonly (NonNullable<Packet["trackEvent"]> & { readonly track: string; readonly at: bigint })[];

  constructor(trace: Uint8Array) {
    this.packets = packetsOf(trace);
    const events = [];
    for (const { trackDescriptor: track, trackEvent: event, timestamp = "" } of this.packets) {
      if (track !== undefined) {
        const parent = track.parentUuid === undefined ? "" : `${this.tracks.get(track.parentUuid)}/`;
        this.tracks.set(track.uuid, parent + track.name);
      }
      if (event === undefined) continue;
      const name = this.tracks.get(event.trackUuid);
      if (name === undefined) throw new Error(`an event of ${event.trackUuid}, a track that was not described before`);
      events.push({ ...event, track: name, at: BigInt(timestamp) });
    }
    this.events = events;
  }

  get counters() {
    return this.events.filter(({ type }) => type === "TYPE_COUNTER");
  }

  /** What the counters below a group show at a time, by their names. */
  shown(group: string, at: bigint): Map<string, number> {
    const below = this.counters.filter((event) => event.at <= at && event.track.startsWith(`${group}/`));
    return new Map(below.map(({ track, counterValue }) => [track.slice(group.length + 1), Number(counterValue)]));
  }
}
