/** What is remembered over time: rates, gaps, the forecast, rows, the log. */
import { describe, expect, test } from "vitest";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { evidenceWord } from "../../../tui/dashboard/model/evidenceWord.ts";
import { filterOf } from "../../../tui/dashboard/model/filter.ts";
import { forecast } from "../../../tui/dashboard/model/forecast.ts";
import { History, type Sample } from "../../../tui/dashboard/model/history.ts";
import { holderKey } from "../../../tui/dashboard/model/holderIndex.ts";
import { HolderRates } from "../../../tui/dashboard/model/holderRates.ts";
import { type HolderRow, holderRows, unheldKey } from "../../../tui/dashboard/model/holderRows.ts";
import { happenings } from "../../../tui/dashboard/model/log.ts";
import { buckets, rate } from "../../../tui/dashboard/model/rates.ts";
import { Ring } from "../../../tui/dashboard/model/ring.ts";
import { Memory } from "../../../tui/dashboard/model/scene.ts";
import { splitRows } from "../../../tui/dashboard/model/splitRows.ts";
import { crowd, recorded } from "./derived.ts";

const sample = (seconds: number, twoM: number | null, more: Partial<Sample> = {}): Sample => ({
  seconds,
  splits: { "2m": twoM, "1g": 0 },
  collapses: { "2m": 0, "1g": 0 },
  own: { "2m": 0, "1g": 0 },
  residentBytes: 0,
  ...more,
});
const twoM = ({ splits }: Sample) => splits["2m"];
const steady = (seconds: number, perSecond: number, from = 1000) =>
  Array.from({ length: seconds + 1 }, (_, at) => sample(from + at, 500 + at * perSecond));
const last = (all: readonly Snapshot[]): Snapshot => all.at(-1) as Snapshot;

test("a ring forgets the oldest, and only that", () => {
  const ring = new Ring<number>(3);
  expect([1, 2, 3, 4, 5].map((value) => ring.push(value))).toEqual([undefined, undefined, undefined, 1, 2]);
  expect(ring.toArray()).toEqual([3, 4, 5]);
  expect([ring.at(0), ring.at(-1), ring.at(3), ring.shift(), ring.length]).toEqual([3, 5, undefined, 3, 2]);
});

describe("history", () => {
  test("holds an hour whatever the interval, and the newest sample always", () => {
    const history = new History();
    for (let at = 0; at < 50_000; at += 1) history.add(sample(at / 10, at));
    const samples = history.samples();
    expect(samples.length).toBeLessThan(3800);
    expect(samples.at(-1)?.seconds).toBeCloseTo(4999.9);
    expect((samples.at(-1)?.seconds ?? 0) - (samples[0]?.seconds ?? 0)).toBeGreaterThanOrEqual(3600);
    expect((samples.at(-1)?.seconds ?? 0) - (samples[1]?.seconds ?? 0)).toBeLessThanOrEqual(3601);
  });

  test("time that goes back begins anew", () => {
    const history = new History();
    for (const at of [10, 11, 12, 5, 6]) history.add(sample(at, at));
    expect(history.samples().map(({ seconds }) => seconds)).toEqual([5, 6]);
  });
});

describe("rates", () => {
  test("are the difference over the window, never of one sample, never of the unknown", () => {
    expect(rate(steady(120, 3), 60, twoM)).toBe(3);
    expect(rate([sample(1, 5)], 60, twoM)).toBeNull();
    expect(rate([], 60, twoM)).toBeNull();
    expect(rate([sample(1, null), sample(2, 5)], 60, twoM)).toBeNull();
  });

  test("only the window counts", () => {
    const burst = [...steady(60, 100), ...Array.from({ length: 61 }, (_, at) => sample(1061 + at, 6500))];
    expect(rate(burst, 60, twoM)).toBe(0);
    expect(rate(burst, 600, twoM)).toBeGreaterThan(40);
  });

  test("parts of a window: what was not observed is null, not 0", () => {
    const parts = buckets(steady(30, 2), 60, 60, twoM);
    expect(parts.slice(0, 30)).toEqual(new Array(30).fill(null));
    for (const part of parts.slice(31)) expect(part).toBeCloseTo(2);
  });

  test("a hole between samples is a gap, though the totals around it are known", () => {
    const holed = steady(60, 2).filter(({ seconds }) => seconds < 1020 || seconds > 1035);
    const parts = buckets(holed, 60, 60, twoM);
    expect(parts.slice(20, 34)).toEqual(new Array(14).fill(null));
    expect(parts[10]).toBeCloseTo(2);
    expect(parts[50]).toBeCloseTo(2);
  });

  test("the parts add up to the whole", () => {
    const samples = Array.from({ length: 60 }, (_, at) => sample(1000 + at * 1.07, at * at));
    const seconds = 59 * 1.07;
    const parts = buckets(samples, seconds, 13, twoM);
    const sum = parts.reduce<number>((total, part) => total + (part ?? 0) * (seconds / 13), 0);
    expect(sum).toBeCloseTo(59 * 59, 3);
  });
});

describe("the forecast", () => {
  const bytes = { "4k": 2 ** 30, "2m": 100 * 2 ** 21, "1g": 0 };

  test("is what is left over the rate", () => {
    expect(forecast("2m", bytes, steady(60, 2), 60)).toEqual({ kind: "gone", seconds: 50 });
  });

  test("1G mappings that break make 512 of 2M first", () => {
    const samples = Array.from({ length: 61 }, (_, at) =>
      sample(at, at * 2, { splits: { "2m": at * 2, "1g": at / 10 } }),
    );
    const left = { ...bytes, "1g": 2 * 2 ** 30 };
    expect(forecast("1g", left, samples, 60)).toEqual({ kind: "gone", seconds: 20 });
    expect(forecast("2m", left, samples, 60)).toEqual({ kind: "gone", seconds: (100 + 1024) / 2 });
  });

  test("stable without splits, and when collapses keep up", () => {
    expect(forecast("2m", bytes, steady(60, 0), 60)).toEqual({ kind: "stable" });
    const mended = steady(60, 2).map((each, at) => ({ ...each, collapses: { "2m": at * 2, "1g": 0 } }));
    expect(forecast("2m", bytes, mended, 60)).toEqual({ kind: "stable" });
  });

  test("what attaching cost once is not a rate", () => {
    const own = steady(60, 2).map((each, at) => ({ ...each, own: { "2m": at * 2, "1g": 0 } }));
    expect(forecast("2m", bytes, own, 60)).toEqual({ kind: "stable" });
  });

  test("says that it is measuring, that there is none, that it does not know", () => {
    expect(forecast("2m", bytes, steady(3, 2), 60)).toEqual({ kind: "measuring" });
    expect(forecast("1g", bytes, steady(60, 2), 60)).toEqual({ kind: "none" });
    expect(forecast("2m", { ...bytes, "2m": null }, steady(60, 2), 60)).toEqual({ kind: "unknown" });
    expect(
      forecast(
        "2m",
        bytes,
        steady(60, 2).map((each) => ({ ...each, splits: { "2m": null, "1g": null } })),
        60,
      ),
    ).toEqual({ kind: "unknown" });
  });
});

describe("rates of holders", () => {
  test("are what each allocated, by identity; a reused pid begins anew", () => {
    const rates = new HolderRates();
    for (const snapshot of crowd(20)) rates.add(snapshot);
    const found = rates.rates();
    const [grows, rests] = last(crowd(20)).secret.holders;
    // 8192 bytes a snapshot; the recorded ones are a second apart, or two when the machine was busy.
    expect(found?.get(holderKey(grows as never))).toBeGreaterThan(4000);
    expect(found?.get(holderKey(rests as never))).toBeUndefined();
  });

  test("are not known from one snapshot", () => {
    const rates = new HolderRates();
    rates.add(last(recorded("busy")));
    expect(rates.rates()).toBeNull();
  });
});

describe("rows of holders", () => {
  const busy = last(recorded("busy"));
  const resident = (row: HolderRow) => row.residentBytes;
  const options = { filter: "", group: "none", descending: true } as const;

  test("unheld memory is a row of its own, on top", () => {
    const rows = holderRows(busy, null, options, resident);
    expect(rows[0]).toMatchObject({ key: unheldKey, residentBytes: busy.secret.unheldBytes });
    expect(rows.slice(1).map(({ residentBytes }) => residentBytes)).toEqual(
      busy.secret.holders.map(({ residentBytes }) => residentBytes),
    );
  });

  test("unknown sorts last, both ways", () => {
    const holders = busy.secret.holders.map((each, index) =>
      index % 3 === 0 ? { ...each, residentBytes: null } : each,
    );
    const snapshot = { ...busy, secret: { ...busy.secret, holders, unheldBytes: 0 } };
    const unknown = holders.filter(({ residentBytes }) => residentBytes === null).length;
    for (const descending of [true, false]) {
      const values = holderRows(snapshot, null, { ...options, descending }, resident).map(resident);
      expect(values.slice(-unknown)).toEqual(new Array(unknown).fill(null));
      expect(values.slice(0, -unknown)).not.toContain(null);
    }
  });

  test("filters find by word, user, cgroup and pid", () => {
    const found = (filter: string) => holderRows(busy, null, { ...options, filter }, resident).map(({ comm }) => comm);
    const keyd = busy.secret.holders.find(({ comm }) => comm === "keyd");
    expect(found("VAULT")).toEqual(["vault", "vault-worker"]);
    expect(found(`pid:${keyd?.pid}`)).toEqual(["keyd"]);
    expect(found("user:root vault-w")).toEqual(["vault-worker"]);
    expect(found("cgroup:nowhere")).toEqual([]);
    expect(found("  ")).toHaveLength(busy.secret.holders.length + 1);
  });

  test("a group sums its processes; a sum over something unknown is unknown", () => {
    const rows = holderRows(busy, null, { ...options, group: "user" }, resident);
    const root = rows.find(({ key }) => key === "user:root");
    const of = busy.secret.holders.filter(({ uid }) => uid === 0);
    expect(root).toMatchObject({
      processes: of.length,
      residentBytes: of.reduce((sum, each) => sum + (each.residentBytes ?? 0), 0),
    });
    expect(root?.perSecond).toBeNull();
  });
});

test("a filter of half a field passes everything, an unknown field is a word", () => {
  const row = { pid: 12, comm: "a:b", user: "bob", cgroup: "/x" };
  expect(filterOf("user:")(row)).toBe(true);
  expect(filterOf("a:b")(row)).toBe(true);
  expect(filterOf("size:3")(row)).toBe(false);
  expect(filterOf("pid:1")(row)).toBe(false);
  expect(filterOf("user:bob")({ ...row, user: null })).toBe(false);
});

test("splits of one process by several stacks are one row with all stacks", () => {
  const causes = last(recorded("busy")).splitCauses;
  expect(causes.length).toBeGreaterThan(2);
  const twice = [...causes, ...causes.map((each) => ({ ...each, stack: ["other+0x1"], count: 1 }))];
  const rows = splitRows(twice, "", ({ count }) => count, true);
  expect(rows).toHaveLength(causes.length);
  expect(rows[0]?.count).toBe((causes[0]?.count ?? 0) + 1);
  expect(rows[0]?.stacks).toHaveLength(2);
});

describe("the log of what was refused", () => {
  const busy = last(recorded("busy"));
  const who = { pid: 9, startTicks: 1, comm: "greedy", uid: 1, what: "map", code: "EAGAIN", last: busy.time } as const;
  const refusing = (total: number, refusedProcesses: Snapshot["secret"]["refusedProcesses"]): Snapshot => ({
    ...busy,
    secret: { ...busy.secret, refusals: [{ what: "map", code: "EAGAIN", count: total }], refusedProcesses },
  });
  const texts = (before: Snapshot, now: Snapshot) => happenings(before, now).map(({ text }) => text);

  test("what came since, of holders and others", () => {
    const was = refusing(3, [{ ...who, count: 3 }]);
    expect(texts(was, refusing(5, [{ ...who, count: 5 }]))).toEqual([
      "greedy [9] was refused: 2 x mmap EAGAIN (over RLIMIT_MEMLOCK)",
    ]);
    expect(texts(was, was)).toEqual([]);
  });

  test("a list that was full does not make old refusals new ones", () => {
    const full = Array.from({ length: 256 }, (_, index) => ({ ...who, pid: 100 + index, count: 1 }));
    const now = refusing(1001, [{ ...who, count: 700 }, ...full.slice(0, 255)]);
    expect(texts(refusing(1000, full), now)).toEqual(["1 refusal more"]);
  });
});

describe("the log", () => {
  test("tells a recorded half minute: who came, who was refused, who split, the kill", () => {
    const memory = new Memory(1000);
    for (const snapshot of recorded("busy")) memory.add(snapshot);
    const text =
      memory
        .scene()
        ?.log.map(({ what, text }) => `${what}: ${text}`)
        .join("\n") ?? "";
    expect(text).toMatch(/holder: keyd \[\d+\] holds/);
    expect(text).toMatch(/refused: keyd \[\d+\] was refused: 1 x mmap EAGAIN \(over RLIMIT_MEMLOCK\)/);
    expect(text).toMatch(/split: vault \[\d+\]: first split of a 2M mapping, by secretmem/);
    expect(text).toMatch(/oom: OOM killed hog \[\d+\]/);
    expect(text).toMatch(/unheld: .* is held by no process/);
    expect(memory.scene()?.beforeKills.size).toBe(1);
  });

  test("the same snapshot twice says nothing", () => {
    const busy = last(recorded("busy"));
    expect(happenings(busy, busy)).toEqual([]);
  });

  test("a crowd is told as a number", () => {
    const [before, after] = [last(recorded("empty")), last(crowd(500))];
    const holders = happenings(before, after).filter(({ what }) => what === "holder");
    expect(holders.map(({ text }) => text)).toEqual(["500 new holders"]);
  });

  test("is bounded", () => {
    const memory = new Memory(1000);
    memory.add(last(recorded("empty")));
    for (let index = 0; index < 2000; index += 1) memory.notice(`notice ${index}`);
    expect(memory.scene()?.log).toHaveLength(500);
    expect(memory.scene()?.log[0]?.text).toBe("notice 1999");
  });
});

describe("evidence in one word", () => {
  test.each([
    ["complete", "complete", 0],
    ["partial", "partial", 2999],
    ["late", "late", 0],
    ["lossy", "lossy", 0],
    // Nothing has come for longer than three intervals: whatever the last snapshot said is old.
    ["complete", "late", 4000],
    ["partial", "late", 4000],
    ["lossy", "lossy", 4000],
  ] as const)("the collector says %s: %s after %i ms", (word, shown, ageMs) => {
    expect(evidenceWord({ ...last(recorded("busy")).evidence, word }, ageMs, 1000)).toBe(shown);
  });
});
