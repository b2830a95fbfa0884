/**
 * Claim: the Perfetto export is a trace by Perfetto's own schema, and shows the ledger's figures at every sample, in a
 * bounded number of tracks.
 */
import { join } from "node:path";
import { expect, test } from "vitest";
import type { OomParty } from "../../../../collector/events.ts";
import { monotonicNs, pid, wallMs } from "../../../../collector/units.ts";
import { Story } from "../../ledger/story.ts";
import { busyStory, damaged, exportedBytes, recorded, sample } from "./exported.ts";
import { annotations, PerfettoTrace, packetsOf } from "./perfettoTrace.ts";

const perfettoOf = async (story: Story) => new PerfettoTrace(exportedBytes(await recorded(story), "perfetto"));
const memory = "secret memory by process";
const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

test("tracks add up to the ledger's figures at every sample", async () => {
  const { story, snapshots } = busyStory();
  const trace = await perfettoOf(story);
  for (const { monotonicNs: time, secret, directMap, splitCauses, evidence } of snapshots) {
    const at = BigInt(time);
    const { all, unheld, ...processes } = Object.fromEntries(trace.shown(memory, at));
    expect([all, unheld]).toEqual([secret.residentBytes ?? undefined, secret.unheldBytes ?? undefined]);
    const held = secret.holders.map(({ residentBytes }) => residentBytes ?? 0);
    expect(sum(Object.values(processes))).toBe(sum(held));
    const splits = trace.shown("splits by cause", at);
    expect(sum(splits.values())).toBe(
      (directMap.sinceStart.splits["2m"] ?? 0) + (directMap.sinceStart.splits["1g"] ?? 0),
    );
    expect(splits.get("unattributed")).toBe(evidence.unattributedSplits);
    for (const cause of ["secretmem", "module"] as const) {
      const rows = splitCauses.filter((row) => row.cause === cause);
      expect([cause, splits.get(cause)]).toEqual([cause, sum(rows.map(({ count }) => count))]);
    }
    const shown = trace.shown("direct map", at);
    for (const size of ["4k", "2m", "1g"] as const) {
      expect(shown.get(`mapped by ${size} pages`)).toBe(directMap.bytes[size] ?? undefined);
    }
    for (const level of ["2m", "1g"] as const) {
      expect(shown.get(`splits of ${level} since boot`)).toBe(directMap.splits[level] ?? undefined);
    }
  }
});

test("sizes are in bytes, splits in counts, and processes are drawn to one scale", async () => {
  const { packets, tracks } = await perfettoOf(busyStory().story);
  for (const { trackDescriptor } of packets) {
    if (trackDescriptor?.counter === undefined) continue;
    const name = tracks.get(trackDescriptor.uuid) ?? "";
    const { unit, yAxisShareKey } = trackDescriptor.counter;
    expect([name, unit]).toEqual([name, /split/.test(name) ? "UNIT_COUNT" : "UNIT_SIZE_BYTES"]);
    expect([name, yAxisShareKey]).toEqual([name, name.startsWith(memory) ? memory : undefined]);
  }
  const uuids = packets.flatMap(({ trackDescriptor }) => trackDescriptor?.uuid ?? []);
  expect(new Set(uuids).size).toBe(uuids.length);
});

test("the thirty that were largest have tracks, the others one", async () => {
  const { tracks } = await perfettoOf(busyStory().story);
  const names = [...tracks.values()].filter((name) => name.startsWith(`${memory}/`));
  const processes = names.filter((name) => name.endsWith("]"));
  expect(processes.length).toBe(30);
  expect(processes).toContain(`${memory}/holder-40 [140]`);
  expect(processes).toContain(`${memory}/holder-11 [111]`);
  expect(processes).not.toContain(`${memory}/holder-10 [110]`);
  expect(names).toContain(`${memory}/other`);
});

test("an OOM kill is one instant at its nanosecond, with what its end gave back; what is not known is left out", async () => {
  const { story } = busyStory();
  const kill = story.events.find(({ kind }) => kind === "oomKill");
  const instants = (await perfettoOf(story)).events.filter(({ type }) => type === "TYPE_INSTANT");
  expect(instants).toHaveLength(1);
  const [{ at, track, name, debugAnnotations } = {}] = instants;
  expect([at, track, name]).toEqual([kill?.at, "OOM kills", 'OOM kill: =cmd|;-1\\n\\x1b[2J a"b [140]']);
  const said = annotations(debugAnnotations);
  expect(said).toMatchObject({ victim: { pid: 140, uid: 0 }, constraint: "memcg", secretFreedBytes: 120 * 4096 });
  expect(said).not.toHaveProperty("cgroup");
  expect(said.victim).not.toHaveProperty("cgroup");
});

test("a counter is said only when it changes, and every event by CLOCK_MONOTONIC", async () => {
  const { packets, counters } = await perfettoOf(busyStory().story);
  const last = new Map<string, string | undefined>();
  for (const { track, counterValue } of counters) {
    expect(counterValue).toBeDefined();
    expect(counterValue).not.toBe(last.get(track));
    last.set(track, counterValue);
  }
  for (const { trackEvent, timestampClockId } of packets) expect(timestampClockId).toBe(trackEvent ? 3 : undefined);
});

test("the wall clock is tied to the time line, again when it was set", async () => {
  const { story } = busyStory();
  story.tell({ kind: "clock", wall: wallMs(1_795_000_000_123) });
  const set = story.events.at(-1);
  sample(story);
  const clocks = (await perfettoOf(story)).packets.flatMap(({ clockSnapshot }) => clockSnapshot ?? []);
  expect(clocks).toHaveLength(2);
  for (const { primaryTraceClock } of clocks) expect(primaryTraceClock).toBe("BUILTIN_CLOCK_MONOTONIC");
  expect(clocks.at(-1)?.clocks).toEqual([
    { clockId: 3, timestamp: String(set?.at) },
    { clockId: 1, timestamp: "1795000000123000000" },
  ]);
});

test("where nothing was seen, a slice says so, and while figures are not complete, another", () => {
  const { events } = new PerfettoTrace(exportedBytes(damaged(busyStory().story.events), "perfetto"));
  const slices = (track: string) => events.filter((event) => event.track === track);
  const [begin, end, ...more] = slices("evidence/gaps");
  expect(more).toEqual([]);
  expect([begin?.type, end?.type]).toEqual(["TYPE_SLICE_BEGIN", "TYPE_SLICE_END"]);
  expect(begin?.name).toMatch(/^nothing seen: .*damaged/);
  expect(end?.at).toBeGreaterThan(begin?.at ?? 0n);
  const [from, to] = slices("evidence");
  expect([from?.type, to?.type]).toEqual(["TYPE_SLICE_BEGIN", "TYPE_SLICE_END"]);
  expect(annotations(from?.debugAnnotations)).toHaveProperty("why 1");
});

test("gaps that overlap lie beside each other, in a bounded number of tracks", async () => {
  const { story } = busyStory();
  const from = monotonicNs(story.now);
  for (let gap = 0; gap < 20; gap++) story.tell({ kind: "gap", from, reason: `reason ${gap}` });
  // Only a forged recording has one that ends before it begins.
  story.tell({ kind: "gap", from: monotonicNs(story.now + 10n ** 9n), reason: "from the future" });
  sample(story);
  const { events, packets } = await perfettoOf(story);
  const gaps = events.filter(({ track }) => track === "evidence/gaps");
  expect(gaps.filter(({ type }) => type === "TYPE_SLICE_BEGIN")).toHaveLength(21);
  expect(packets.filter(({ trackDescriptor }) => trackDescriptor?.name === "gaps")).toHaveLength(8);
  const last = new Map<string, bigint>();
  for (const { at, trackUuid } of gaps) {
    expect(at).toBeGreaterThanOrEqual(last.get(trackUuid) ?? 0n);
    last.set(trackUuid, at);
  }
});

test("what only a forged recording says breaks neither the schema nor a figure", async () => {
  const story = Story.watching();
  const long = "\u{1f480}\ud800\u202e{red-fg}".repeat(5000);
  const party: OomParty = { pid: pid(2 ** 53 - 1), comm: long, uid: -1, cgroup: long };
  story.kernel({ "2m": Number.MAX_SAFE_INTEGER, "1g": 0 });
  story.oomKill(1, { victim: party, trigger: party, constraint: null, cgroup: long });
  sample(story);
  const { events, counters } = await perfettoOf(story);
  expect(counters.find(({ track }) => track.includes("2m since boot"))?.counterValue).toBe("9007199254740991");
  const kill = events.find(({ type }) => type === "TYPE_INSTANT");
  expect(annotations(kill?.debugAnnotations)).toMatchObject({ victim: { pid: 2 ** 53 - 1, uid: -1 } });
});

test("the schema refuses a field that it does not have, and one of another type", () => {
  // Trace.packet { 11 (track_event) { 9 (type): as a length-delimited field } }, and { 1000: 1 }.
  expect(() => packetsOf(Uint8Array.of(0x0a, 4, 0x5a, 2, 0x4a, 0))).toThrow(/TrackEvent.type/);
  expect(() => packetsOf(Uint8Array.of(0x0a, 3, 0xc0, 0x3e, 1))).toThrow(/no field 1000/);
});

test("the demo becomes what it became before", async () => {
  const demo = join(import.meta.dirname, "../../../../tui/demo/recording.arrows");
  const lines = packetsOf(exportedBytes(demo, "perfetto")).map((packet) => `${JSON.stringify(packet)}\n`);
  await expect(lines.join("")).toMatchFileSnapshot(join(import.meta.dirname, "../../../fixtures/perfetto/demo.txt"));
});
