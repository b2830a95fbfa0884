/** How far the figures of a Perfetto trace can be trusted, as slices: Perfetto draws an unknown figure as the last one. */
import type { GapEvent } from "../../events.ts";
import type { Evidence } from "../../snapshot.ts";
import type { Inert } from "./conversion.ts";
import type { PerfettoTracks } from "./perfettoTracks.ts";

/** Gaps that overlap lie on tracks of their own: slices of one track are inside each other or apart. */
const mostLanes = 8;
/** Reasons told with a slice. */
const mostReasons = 16;

export class EvidenceTracks {
  readonly #tracks: PerfettoTracks;
  readonly #inert: Inert;
  readonly #lanes: { readonly uuid: bigint; end: bigint }[] = [];
  #word: Evidence["word"] = "complete";

  constructor(tracks: PerfettoTracks, inert: Inert) {
    this.#tracks = tracks;
    this.#inert = inert;
  }

  state(at: bigint, { word, why }: Evidence): void {
    if (word === this.#word) return;
    this.end(at);
    this.#word = word;
    if (word === "complete") return;
    const reasons = why.slice(0, mostReasons).map((line, index) => [`why ${index + 1}`, this.#inert.text(line)]);
    this.#tracks.packets.begin(at, this.#tracks.uuid("evidence"), word, Object.fromEntries(reasons));
  }

  end(at: bigint): void {
    if (this.#word !== "complete") this.#tracks.packets.end(at, this.#tracks.uuid("evidence"));
    this.#word = "complete";
  }

  gap({ from, at, reason }: GapEvent): void {
    const { packets } = this.#tracks;
    const lane = this.#laneAt(from);
    const begin = from > lane.end ? from : lane.end;
    lane.end = at > begin ? at : begin;
    packets.begin(begin, lane.uuid, `nothing seen: ${this.#inert.text(reason)}`, {});
    packets.end(lane.end, lane.uuid);
  }

  #laneAt(from: bigint): { readonly uuid: bigint; end: bigint } {
    const free = this.#lanes.find(({ end }) => end <= from);
    const last = this.#lanes.at(-1);
    if (free !== undefined) return free;
    // More at once are in a forged recording: they are shortened.
    if (last !== undefined && this.#lanes.length === mostLanes) return last;
    const name = `gaps ${this.#lanes.length + 1}`;
    const lane = { uuid: this.#tracks.uuid("evidence", name), end: 0n };
    this.#lanes.push(lane);
    const parent = this.#tracks.uuid("evidence");
    this.#tracks.packets.track({ uuid: lane.uuid, name: "gaps", parent, rank: this.#lanes.length });
    return lane;
  }
}
