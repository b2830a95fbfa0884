/** Claim: Perfetto shows the ledger's figures at every sample, in a bounded number of tracks. */
import { expect, test } from "vitest";
import { busyStory, damaged, exported, recorded } from "./exported.ts";

interface TraceEvent {
  readonly ph: "C" | "M" | "X" | "i";
  readonly ts?: number;
  readonly dur?: number;
  readonly pid: number;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

const eventsOf = (text: string) => (JSON.parse(text) as { traceEvents: TraceEvent[] }).traceEvents;
const memory = 3;

/** What the tracks of one group show at a time, us. */
function shown(events: readonly TraceEvent[], group: number, at: number): Map<string, number> {
  const counters = events.filter(({ ph, pid, ts = 0 }) => ph === "C" && pid === group && ts <= at);
  return new Map(counters.map(({ name, args }) => [name, Number(Object.values(args)[0])]));
}

const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

test("tracks add up to the ledger's figures at every sample", async () => {
  const { story, snapshots } = busyStory();
  const events = eventsOf(exported(await recorded(story), "perfetto"));
  for (const snapshot of snapshots) {
    const at = Number(snapshot.monotonicNs) / 1000;
    const { all, unheld, ...processes } = Object.fromEntries(shown(events, memory, at));
    expect(all).toBe(snapshot.secret.residentBytes ?? undefined);
    expect(unheld).toBe(snapshot.secret.unheldBytes ?? undefined);
    const held = snapshot.secret.holders.map(({ residentBytes }) => residentBytes ?? 0);
    expect(sum(Object.values(processes))).toBe(sum(held));
    const { splits } = snapshot.directMap.sinceStart;
    expect(sum(shown(events, 2, at).values())).toBe((splits["2m"] ?? 0) + (splits["1g"] ?? 0));
  }
});

test("the thirty that were largest have tracks, the others one", async () => {
  const events = eventsOf(exported(await recorded(busyStory().story), "perfetto"));
  const names = new Set(events.filter(({ ph, pid }) => ph === "C" && pid === memory).map(({ name }) => name));
  const processes = [...names].filter((name) => name.endsWith("]"));
  expect(processes.length).toBe(30);
  expect(processes).toContain("holder-40 [140]");
  expect(processes).toContain("holder-11 [111]");
  expect(processes).not.toContain("holder-10 [110]");
  expect(names).toContain("other");
});

test("an OOM kill is one instant, with what its end gave back", async () => {
  const { story } = busyStory();
  const kill = story.events.find(({ kind }) => kind === "oomKill");
  const instants = eventsOf(exported(await recorded(story), "perfetto")).filter(({ ph }) => ph === "i");
  expect(instants).toMatchObject([
    {
      s: "g",
      ts: Number(kill?.at) / 1000,
      name: 'OOM kill: =cmd|;-1\\n\\x1b[2J a"b [140]',
      args: { victim: { pid: 140 }, constraint: "memcg", secretFreedBytes: 120 * 4096 },
    },
  ]);
});

test("a counter is said only when it changes, and times keep their nanoseconds", async () => {
  const text = exported(await recorded(busyStory().story), "perfetto");
  const last = new Map<string, unknown>();
  for (const { ph, pid, name, args } of eventsOf(text)) {
    if (ph !== "C") continue;
    const value = Object.values(args)[0];
    expect(value).not.toBe(last.get(`${pid} ${name}`));
    last.set(`${pid} ${name}`, value);
  }
  for (const [, digits] of text.matchAll(/"ts":\d+\.(\d+),/g)) expect(digits).toHaveLength(3);
});

test("where nothing was seen, a slice says so", () => {
  const events = eventsOf(exported(damaged(busyStory().story.events), "perfetto"));
  const gaps = events.filter(({ ph }) => ph === "X");
  expect(gaps).toHaveLength(1);
  expect(gaps[0]?.name).toContain("damaged");
  expect(gaps[0]?.dur).toBeGreaterThan(0);
});
