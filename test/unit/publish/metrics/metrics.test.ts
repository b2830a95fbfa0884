/** What /metrics says about snapshots made by hand: exact, bounded, inert, and silent about what is not known. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { OomKillEvent } from "../../../../collector/events.ts";
import { Metrics, type Scrape } from "../../../../collector/publish/metrics/metrics.ts";
import { mostRuleSeries, type ServiceFigures } from "../../../../collector/publish/metrics/service.ts";
import type { Snapshot } from "../../../../collector/snapshot.ts";
import { monotonicNs, pid } from "../../../../collector/units.ts";
import { blind, busy, empty, holder, hostileName } from "../../commands/snapshots.ts";
import { type Family, parseExposition, seriesIn, seriesValue } from "./exposition.ts";

const service: ServiceFigures = {
  version: "1.2.3",
  startedAt: 1000,
  configuration: { lastReloadSuccessful: true, lastSuccessAt: 1000 },
  rules: [
    { rule: { name: "a" }, state: "unknown", isFiring: true },
    { rule: { name: "b" }, state: "inactive", isFiring: false },
  ],
  deliveries: [
    {
      name: "pager",
      kind: "webhook",
      queued: 2,
      sent: 7,
      failed: 3,
      dropped: 1,
      lastError: "refused",
      lastErrorAt: empty.time,
      failing: true,
    },
  ],
};
const limits = { cgroups: 20, users: 20, processes: 0 };
const usual: Scrape = { format: "text", service, freshness: "fresh" };
const scrape = async (metrics: Metrics, how: Partial<Scrape> = {}) =>
  parseExposition((await metrics.write({ ...usual, ...how })).text);
const made = async (snapshots: readonly Snapshot[], how: Partial<Scrape> = {}, top = limits) => {
  const metrics = new Metrics(top, (uid) => (uid === 0 ? "root" : null));
  for (const snapshot of snapshots) metrics.observe(snapshot);
  return await scrape(metrics, how);
};
const at = (second: number, snapshot: Snapshot): Snapshot => ({
  ...snapshot,
  monotonicNs: String(BigInt(second) * 1_000_000_000n),
});
const withHolders = (holders: Snapshot["secret"]["holders"]): Snapshot => ({
  ...empty,
  secret: { ...empty.secret, holders },
});
const labelsOf = (families: ReadonlyMap<string, Family>, name: string, label: string) =>
  families.get(name)?.samples.map(({ labels }) => labels[label]);

test("what is not known has no series", async () => {
  const families = await made([blind]);
  const figures = [...families.keys()].filter((name) =>
    /direct_map|secret_memory|holders|refusals|oom|hibernation/.test(name),
  );
  expect(figures).toEqual([]);
  expect(seriesValue(families, "secretscope_evidence_state", { state: "partial" })).toBe(1);
});

test("whoever could not be looked into may hold any amount: no series, unless pages are counted", async () => {
  const { evidence } = empty;
  const ownerless = (pages: "procfs" | "tracepoint", more: object) =>
    made([{ ...empty, evidence: { ...evidence, route: { ...evidence.route, pages }, ...more } }]);
  const owners = (families: Awaited<ReturnType<typeof made>>) =>
    [...families.keys()].filter((name) => /holders$|secret_files|memlock|(user|cgroup)_secret/.test(name)).length;
  expect(owners(await ownerless("procfs", { hiddenProcesses: 0 }))).toBe(5);
  expect(owners(await ownerless("procfs", { hiddenProcesses: 87 }))).toBe(0);
  expect(owners(await ownerless("tracepoint", { hiddenProcesses: 1 }))).toBe(5);
  expect(owners(await ownerless("tracepoint", { unlistedProcesses: true }))).toBe(0);
});

test("what is known to be none is 0", async () => {
  const families = await made([empty]);
  for (const name of ["secretscope_secret_memory_bytes", "secretscope_holders", "secretscope_hibernation_blocked"])
    expect(seriesValue(families, name), name).toBe(0);
  expect(seriesValue(families, "secretscope_direct_map_splits_total", { level: "2m", cause: "module" })).toBe(0);
  expect(seriesValue(families, "secretscope_cgroup_secret_memory_bytes", { cgroup: "other" })).toBe(0);
});

test("the figures are those of the snapshot", async () => {
  const families = await made([busy]);
  expect(seriesValue(families, "secretscope_direct_map_bytes", { page_size: "4k" })).toBe(busy.directMap.bytes["4k"]);
  expect(seriesValue(families, "secretscope_direct_map_kernel_splits_total", { level: "2m" })).toBe(1_234_567);
  expect(seriesValue(families, "secretscope_direct_map_splits_total", { level: "2m", cause: "secretmem" })).toBe(310);
  expect(seriesValue(families, "secretscope_direct_map_unattributed_splits")).toBe(2);
  expect(seriesValue(families, "secretscope_secret_memory_bytes")).toBe(busy.secret.residentBytes);
  expect(seriesValue(families, "secretscope_user_secret_memory_bytes", { uid: "54321" })).toBe(40 * 256 * 1024);
  expect(seriesValue(families, "secretscope_oom_last_kill_freed_secret_memory_bytes")).toBe(0);
  expect(seriesValue(families, "secretscope_kernel_oom_kills_total")).toBe(16);
  expect(seriesValue(families, "secretscope_alert_firing", { rule: "a" })).toBe(1);
  expect(seriesValue(families, "secretscope_alert_rules", { state: "unknown" })).toBe(1);
  expect(seriesValue(families, "secretscope_notifications_dropped_total", { receiver: "pager" })).toBe(1);
});

test.each(["text", "openMetrics"] as const)("%s keeps the conventions of names, units and HELP", async (format) => {
  const { text, series } = await (async () => {
    const metrics = new Metrics({ ...limits, processes: 5 }, () => null);
    metrics.observe(busy);
    return await metrics.write({ ...usual, format });
  })();
  const families = parseExposition(text);
  expect(seriesIn(families)).toBe(series);
  expect(text.endsWith("# EOF\n")).toBe(format === "openMetrics");
  for (const [name, { type, help, samples }] of families) {
    expect(help.length, name).toBeGreaterThan(15);
    for (const sample of samples) expect(sample.name.endsWith("_total"), name).toBe(type === "counter");
    expect(name).toMatch(/^(secretscope_|process_start_time_seconds$)/);
    expect(name).not.toMatch(/_(ms|ns|kb|mib|percent|minutes)(_|$)/);
  }
});

test("the README lists every metric there is, with its labels, and no other", async () => {
  const full = { ...busy, self: { ...busy.self, rssBytes: 1, probeNsPerEvent: 100 } };
  const route = { ...busy.evidence.route, refusals: "tracepoint", faults: "tracepoint" } as const;
  const families = await made([{ ...full, evidence: { ...busy.evidence, route } }], {}, { ...limits, processes: 5 });
  const readme = readFileSync(join(import.meta.dirname, "../../../../collector/publish/metrics/README.md"), "utf8");
  const rows = readme.split("\n").filter((line) => line.startsWith("| `"));
  const words = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);
  const listed = rows.flatMap((row) => {
    const [, names = "", labels = ""] = row.split("|");
    return words(names).map((name) => `${name} ${words(labels).sort().join()}`);
  });
  const written = Array.from(families, ([name, { samples }]) => {
    const labels = Object.keys(samples[0]?.labels ?? {});
    return `${name} ${labels.sort().join()}`;
  });
  expect(listed.sort()).toEqual(written.sort());
});

test("names from the kernel stay inside their label, short and inert", async () => {
  const evil = [`"} 1\nforged{a="`, "\\", `${hostileName}"`, "x".repeat(4000), `${"x".repeat(4000)}y`, "\ud800"];
  const holders = evil.map((comm, index) => ({ ...holder, pid: index + 1, comm, cgroup: `/${comm}`, uid: index }));
  const families = await made([withHolders(holders)], {}, { ...limits, processes: 20 });
  for (const [name, label] of [
    ["secretscope_process_secret_memory_bytes", "comm"],
    ["secretscope_cgroup_secret_memory_bytes", "cgroup"],
  ] as const) {
    const values = labelsOf(families, name, label) ?? [];
    // Two long names that differ at the end only are two.
    expect(new Set(values).size).toBe(evil.length + 1);
    for (const value of values) {
      expect(value?.length).toBeLessThanOrEqual(180);
      expect(value).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
    }
  }
  expect([...families.keys()].filter((name) => name.includes("forged"))).toEqual([]);
});

test("one holder without a size: its groups are unknown, the others are not", async () => {
  const families = await made([
    withHolders([
      { ...holder, pid: 1, cgroup: "/a", uid: 1 },
      { ...holder, pid: 2, cgroup: "/b", uid: 1, residentBytes: null, proportionalBytes: null },
    ]),
  ]);
  expect(labelsOf(families, "secretscope_cgroup_secret_memory_bytes", "cgroup")).toEqual(["/a", "other"]);
  expect(labelsOf(families, "secretscope_user_secret_memory_bytes", "uid")).toEqual(["other"]);
});

test("5000 short-lived processes a second, each in a cgroup of its own and with a user of its own: under 2000 series, and none for them", async () => {
  const metrics = new Metrics({ cgroups: 300, users: 300, processes: 500 }, () => null);
  const rules = Array.from({ length: 10_000 }, (_, index) => ({
    rule: { name: `rule-${index}` },
    state: "firing" as const,
    isFiring: true,
  }));
  const stays = Array.from({ length: 10 }, (_, index) => ({ ...holder, pid: index + 1, cgroup: `/stays/${index}` }));
  const seen = new Set<string>();
  for (let second = 0; second < 30; second++) {
    const brief = Array.from({ length: second === 0 ? 0 : 5000 }, (_, index) => {
      const number = second * 5000 + index;
      return {
        ...holder,
        pid: number + 100,
        startTicks: number,
        comm: `w${number}`,
        uid: number,
        cgroup: `/job/${number}`,
      };
    });
    metrics.observe(at(second, withHolders([...stays, ...brief])));
    const { text, series } = await metrics.write({ ...usual, service: { ...service, rules } });
    expect(series).toBeLessThan(2000);
    for (const line of text.split("\n"))
      if (/^secretscope_(cgroup|user|process)_/.test(line)) seen.add(line.split(" ")[0] ?? "");
  }
  expect([...seen].filter((series) => series.includes("/job/") || series.includes('comm="w'))).toEqual([]);
  expect([...seen].filter((series) => series.includes("/stays/"))).toHaveLength(10);
  const families = await scrape(metrics, { service: { ...service, rules } });
  expect(families.get("secretscope_alert_firing")?.samples).toHaveLength(mostRuleSeries);
  expect(seriesValue(families, "secretscope_cgroup_secret_memory_bytes", { cgroup: "other" })).toBe(5000 * 256 * 1024);
});

test("all at once that can be there: under 2000 series", async () => {
  const holders = Array.from({ length: 1000 }, (_, index) => ({
    ...holder,
    pid: index + 1,
    uid: index,
    cgroup: `/${index}`,
  }));
  const rules = Array.from({ length: 500 }, (_, index) => ({
    rule: { name: `r${index}` },
    state: "inactive" as const,
    isFiring: false,
  }));
  const [delivery] = service.deliveries;
  const deliveries = Array.from({ length: 34 }, (_, index) => ({
    ...(delivery as NonNullable<typeof delivery>),
    name: `d${index}`,
  }));
  const refusals = Array.from({ length: 200 }, (_, index) => ({ what: "map" as const, code: `E${index}`, count: 1 }));
  const full = { ...busy, secret: { ...busy.secret, holders, refusals } };
  const families = await made(
    [full],
    { service: { ...service, rules, deliveries } },
    { cgroups: 300, users: 300, processes: 500 },
  );
  expect(seriesIn(families)).toBeGreaterThan(1500);
  expect(seriesIn(families)).toBeLessThan(2000);
  const reasons = families.get("secretscope_refusals_total")?.samples ?? [];
  expect(reasons.reduce((sum, { value }) => sum + value, 0)).toBe(200);
});

test("counters take over totals, and never fall", async () => {
  const metrics = new Metrics(limits, () => null);
  const counts = async (lost: number) => {
    metrics.observe({ ...empty, evidence: { ...empty.evidence, lost } });
    return seriesValue(await scrape(metrics), "secretscope_evidence_lost_lines_total");
  };
  expect([await counts(5), await counts(5), await counts(9), await counts(3)]).toEqual([5, 5, 9, 9]);
});

test("splits whose level is not known yet are not counted twice when it is", async () => {
  const metrics = new Metrics(limits, () => null);
  const row = { cause: "module" as const, pid: 1, comm: "x", stack: [], own: false, last: empty.time };
  const observe = (counts: readonly (readonly ["2m" | "1g" | null, number])[], late = false) => {
    const reasons = late ? [{ kind: "late" as const, text: "late" }] : [];
    const splitCauses = counts.map(([level, count]) => ({ ...row, level, count }));
    metrics.observe({ ...empty, evidence: { ...empty.evidence, reasons }, splitCauses });
  };
  const total = async () => {
    const samples = (await scrape(metrics)).get("secretscope_direct_map_splits_total")?.samples ?? [];
    return samples.reduce((sum, { value }) => sum + value, 0);
  };
  observe([["2m", 1]]);
  observe([
    ["2m", 1],
    [null, 4],
  ]);
  expect(await total()).toBe(1);
  observe(
    [
      ["2m", 1],
      [null, 4],
    ],
    true,
  );
  expect(await total()).toBe(1);
  observe([["2m", 5]]);
  expect(await total()).toBe(5);
  observe([
    ["2m", 5],
    [null, 2],
  ]);
  observe([
    ["2m", 5],
    [null, 2],
  ]);
  expect(await total()).toBe(7);
});

const kill = (number: number, constraint: "none" | "memcg" | null, second = 5): OomKillEvent => ({
  kind: "oomKill",
  at: monotonicNs(BigInt(second) * 1_000_000_000n),
  epoch: 1,
  kill: number,
  victim: { pid: pid(number), comm: "x", uid: 0, cgroup: null },
  trigger: { pid: pid(1), comm: "y", uid: 0, cgroup: null },
  constraint,
  cgroup: null,
});

test("OOM kills are counted once each, also beyond those that a snapshot remembers", async () => {
  const metrics = new Metrics(limits, () => null);
  const [recent] = busy.oom.recent;
  metrics.observe(at(1, { ...empty, oom: { kills: 1, recent: recent === undefined ? [] : [recent] } }));
  // Before the first snapshot, and in it; said again later with more of it known.
  metrics.observeEvent({ ...kill(55, "memcg", 0), epoch: 0 });
  for (let number = 100; number < 350; number++) {
    metrics.observeEvent(kill(number, null));
    metrics.observeEvent(kill(number, number % 2 === 0 ? "memcg" : "none"));
    if (number % 50 === 0) metrics.observe(at(number, empty));
  }
  metrics.observe(at(400, empty));
  for (let number = 100; number < 350; number++) metrics.observeEvent(kill(number, "memcg"));
  metrics.observe(at(401, empty));
  const families = await scrape(metrics);
  const count = (constraint: string) => seriesValue(families, "secretscope_oom_kills_total", { constraint });
  expect([count("memcg"), count("none"), count("unknown"), count("cpuset")]).toEqual([126, 125, 0, 0]);
});

test("figures that are too old are taken back; what is about the service stays", async () => {
  const late = await made([busy], { freshness: "late" });
  expect(seriesValue(late, "secretscope_evidence_state", { state: "late" })).toBe(1);
  expect(seriesValue(late, "secretscope_holders")).toBe(40);
  const stopped = await made([busy], { freshness: "stopped" });
  expect(stopped.has("secretscope_holders")).toBe(false);
  expect(stopped.has("secretscope_direct_map_bytes")).toBe(false);
  expect(seriesValue(stopped, "secretscope_last_snapshot_timestamp_seconds")).toBe(Date.parse(busy.time) / 1000);
});
