/**
 * Packets of Perfetto's trace format (protos/perfetto/trace/trace_packet.proto and what it names, of Perfetto 55). A
 * file is one message `Trace`: packets behind each other, each with its length, so it can be written piece by piece.
 * Only the fields that are used here are known here; a test reads all of them by Perfetto's own schema.
 */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** BuiltinClock, perfetto/common/builtin_clock.proto. */
const clocks = { realtime: 1, monotonic: 3 } as const;
/** TrackEvent.Type. */
const eventTypes = { sliceBegin: 1, sliceEnd: 2, instant: 3, counter: 4 } as const;
/** CounterDescriptor.Unit. */
const units = { splits: 2, bytes: 3 } as const;
/** TrackDescriptor.ChildTracksOrdering: by rank. */
const explicitOrder = 3;
/** All packets come from one writer. Perfetto drops track events of none. */
const sequence = 1;

export type CounterUnit = keyof typeof units;

export interface Track {
  /** Its name for good, 64 bits. */
  readonly uuid: bigint;
  readonly name: string;
  /** The track that it is drawn below. */
  readonly parent?: bigint;
  /** Its place below the parent. */
  readonly rank?: number;
  /** A counter has one. */
  readonly unit?: CounterUnit;
  /** Counters of one parent that say the same here are drawn to one scale. */
  readonly scale?: string | undefined;
  readonly description?: string;
}

/** What a click on an event shows. null is left out: Perfetto has no word for "not known" but a missing value. */
export type Annotations = { readonly [name: string]: string | number | null | Annotations };

/** Gathers packets. Times are CLOCK_MONOTONIC, ns. */
export class PerfettoPackets {
  readonly #writer = new BinaryWriter();

  /** @returns the packets since the last call, encoded; joined, all of them are a trace */
  take(): Uint8Array {
    return this.#writer.finish();
  }

  /**
   * Says that the time line is CLOCK_MONOTONIC and not, as usual, CLOCK_BOOTTIME, which no recording has.
   * @param wallNs since 1970, at the same moment
   */
  clock(monotonicNs: bigint, wallNs: bigint | null): void {
    this.#packet(undefined, (packet) => {
      const reading = (id: number, time: bigint) => {
        packet.tag(1, WireType.LengthDelimited).fork(); // clocks
        packet.tag(1, WireType.Varint).uint32(id); // clock_id
        packet.tag(2, WireType.Varint).uint64(uint64(time)); // timestamp
        packet.join();
      };
      packet.tag(6, WireType.LengthDelimited).fork(); // clock_snapshot
      reading(clocks.monotonic, monotonicNs);
      if (wallNs !== null) reading(clocks.realtime, wallNs);
      packet.tag(2, WireType.Varint).int32(clocks.monotonic); // primary_trace_clock
      packet.join();
    });
  }

  /** The machine that the trace is of. */
  system(kernelRelease: string): void {
    this.#packet(undefined, (packet) => {
      packet.tag(45, WireType.LengthDelimited).fork(); // system_info
      packet.tag(1, WireType.LengthDelimited).fork(); // utsname
      packet.tag(1, WireType.LengthDelimited).string("Linux"); // sysname
      packet.tag(3, WireType.LengthDelimited).string(kernelRelease); // release
      packet.join().join();
    });
  }

  /** Before the first event of the track. */
  track({ uuid, name, parent, rank, unit, scale, description }: Track): void {
    this.#packet(undefined, (packet) => {
      packet.tag(60, WireType.LengthDelimited).fork(); // track_descriptor
      packet.tag(1, WireType.Varint).uint64(uuid); // uuid
      packet.tag(2, WireType.LengthDelimited).string(name); // name
      if (parent !== undefined) packet.tag(5, WireType.Varint).uint64(parent); // parent_uuid
      if (unit !== undefined) {
        packet.tag(8, WireType.LengthDelimited).fork(); // counter
        packet.tag(3, WireType.Varint).int32(units[unit]); // unit
        if (scale !== undefined) packet.tag(7, WireType.LengthDelimited).string(scale); // y_axis_share_key
        packet.join();
      }
      packet.tag(11, WireType.Varint).int32(explicitOrder); // child_ordering
      if (rank !== undefined) packet.tag(12, WireType.Varint).int32(rank); // sibling_order_rank
      if (description !== undefined) packet.tag(14, WireType.LengthDelimited).string(description); // description
      packet.join();
    });
  }

  counter(at: bigint, track: bigint, value: number): void {
    this.#event(at, eventTypes.counter, track, (event) => {
      figure(event, value, { integer: 30, double: 44 }); // counter_value, double_counter_value
    });
  }

  instant(at: bigint, track: bigint, name: string, annotations: Annotations): void {
    this.#event(at, eventTypes.instant, track, (event) => named(event, name, annotations));
  }

  begin(at: bigint, track: bigint, name: string, annotations: Annotations): void {
    this.#event(at, eventTypes.sliceBegin, track, (event) => named(event, name, annotations));
  }

  /** Ends what was begun last on this track. */
  end(at: bigint, track: bigint): void {
    this.#event(at, eventTypes.sliceEnd, track, () => {});
  }

  #event(at: bigint, type: number, track: bigint, put: (event: BinaryWriter) => void): void {
    this.#packet(at, (packet) => {
      packet.tag(11, WireType.LengthDelimited).fork(); // track_event
      packet.tag(9, WireType.Varint).int32(type); // type
      packet.tag(11, WireType.Varint).uint64(track); // track_uuid
      put(packet);
      packet.join();
    });
  }

  #packet(at: bigint | undefined, put: (packet: BinaryWriter) => void): void {
    const packet = this.#writer.tag(1, WireType.LengthDelimited).fork(); // Trace.packet
    if (at !== undefined) {
      packet.tag(8, WireType.Varint).uint64(uint64(at)); // timestamp
      packet.tag(58, WireType.Varint).uint32(clocks.monotonic); // timestamp_clock_id
    }
    packet.tag(10, WireType.Varint).uint32(sequence); // trusted_packet_sequence_id
    put(packet);
    packet.join();
  }
}

/** A time before the boot is in a forged recording only; Perfetto reads times as signed. */
const uint64 = (time: bigint) => (time < 0n ? 0n : BigInt.asUintN(63, time));

function named(event: BinaryWriter, name: string, annotations: Annotations): void {
  event.tag(23, WireType.LengthDelimited).string(name); // name
  annotate(event, 4, annotations); // debug_annotations
}

function annotate(writer: BinaryWriter, field: number, annotations: Annotations): void {
  for (const [name, value] of Object.entries(annotations)) {
    if (value === null) continue;
    writer.tag(field, WireType.LengthDelimited).fork();
    writer.tag(10, WireType.LengthDelimited).string(name); // name
    if (typeof value === "string")
      writer.tag(6, WireType.LengthDelimited).string(value); // string_value
    else if (typeof value === "object")
      annotate(writer, 11, value); // dict_entries
    else figure(writer, value, { integer: 4, double: 5 }); // int_value, double_value
    writer.join();
  }
}

/** Integers are exact; what only a forged recording claims, beyond 2^53, is said as a number of that size. */
function figure(writer: BinaryWriter, value: number, { integer, double }: { integer: number; double: number }): void {
  if (Number.isSafeInteger(value)) writer.tag(integer, WireType.Varint).int64(value);
  else writer.tag(double, WireType.Bit64).double(value);
}
