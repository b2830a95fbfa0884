/** The engine on snapshots made by hand: when a rule fires, clears, repeats, and what it does not know. */
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Backtest } from "../../../collector/alerts/backtest.ts";
import { type Alert, AlertEngine } from "../../../collector/alerts/engine.ts";
import { readRules } from "../../../collector/alerts/readRules.ts";
import { defaultRulesPath, readRuleFile } from "../../../collector/alerts/ruleFile.ts";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { openTrace } from "../../../collector/sources/trace-file/observation.ts";
import { empty, holder, hostileName } from "../commands/snapshots.ts";

const second = 1_000_000_000n;
const rules = (text: string) => {
  const { rules: found, mistakes } = readRules(text);
  expect(mistakes).toEqual([]);
  return found;
};
const shareRule = rules(
  "rules: [{name: share, figure: secret_share, above: 50%, for: 10s, clear: {at: 30%, for: 20s}, every: 60s}]",
);

/** Secret memory is that share of RAM, at that second; null: unknown. */
const at = (seconds: number, share: number | null, more: Partial<Snapshot> = {}): Snapshot => ({
  ...empty,
  monotonicNs: String(BigInt(Math.round(seconds * 1000)) * 1_000_000n),
  secret: { ...empty.secret, residentBytes: share === null ? null : share * empty.host.memoryBytes },
  ...more,
});
const brief = ({ change, monotonicNs }: Alert) => `${change} ${BigInt(monotonicNs) / second}`;
const run = (snapshots: readonly Snapshot[], set = shareRule) => {
  const engine = new AlertEngine(set);
  return { alerts: snapshots.flatMap((snapshot) => engine.observe(snapshot)), engine };
};
const each = (from: number, to: number, share: number | null) =>
  Array.from({ length: to - from }, (_, index) => at(from + index, share));

test("fires after `for`, repeats, clears after `clear`", () => {
  const { alerts, engine } = run([...each(0, 80, 0.6), ...each(80, 110, 0.2)]);
  expect(alerts.map(brief)).toEqual(["fired 10", "repeated 70", "cleared 100"]);
  expect(engine.states[0]?.state).toBe("inactive");
});

test("what cleared is named as it was last told, with the figure of now", () => {
  const [rule] = rules(
    "rules: [{name: user, figure: secret_share_of_user, above: 50%, for: 0s, clear: {at: 30%, for: 0s}, message: '{who}: {value}'}]",
  );
  const held = (share: number, uid: number) => ({
    ...at(0, share),
    secret: {
      ...empty.secret,
      residentBytes: 1,
      holders: [{ ...holder, uid, proportionalBytes: share * empty.host.memoryBytes }],
    },
  });
  const engine = new AlertEngine(rule === undefined ? [] : [rule]);
  const [fired] = engine.observe(held(0.6, 1001));
  const [cleared] = engine.observe({ ...at(1, 0), secret: { ...empty.secret, residentBytes: 0, holders: [] } });
  expect(fired).toMatchObject({ change: "fired", who: expect.stringContaining("1001"), value: 0.6 });
  expect(cleared).toMatchObject({ change: "cleared", who: fired?.who, message: fired?.message, value: 0 });
});

test("between the two thresholds it stays as it is", () => {
  expect(run([...each(0, 20, 0.6), ...each(20, 60, 0.4), ...each(60, 70, 0.6)]).alerts.map(brief)).toEqual([
    "fired 10",
  ]);
});

test("unknown is a state, and neither fires nor clears", () => {
  const { alerts, engine } = run([...each(0, 5, 0.6), ...each(5, 500, null)]);
  expect([alerts, engine.states[0]?.state]).toEqual([[], "unknown"]);
  // The step out of the unknown was not observed either.
  expect(run([...each(0, 5, 0.6), ...each(5, 30, null), at(31, 0.6), at(36, 0.6)]).alerts).toEqual([]);
  expect(run([...each(0, 5, 0.6), at(5, null), at(40, 0.6)]).alerts).toEqual([]);
  const later = run([...each(0, 20, 0.6), ...each(20, 50, null)]);
  expect(later.alerts.map(brief)).toEqual(["fired 10"]);
  expect([later.engine.states[0]?.state, later.engine.states[0]?.isFiring]).toEqual(["unknown", true]);
});

test("a gap neither fires nor clears by itself, whichever way it is told", () => {
  expect(run([at(0, 0.6), at(5000, 0.6)]).alerts).toEqual([]);
  expect(run([...each(0, 15, 0.6), at(15, 0.1), at(5000, 0.1)]).alerts.map(brief)).toEqual(["fired 10"]);
  const restarted = { evidence: { ...empty.evidence, restarts: 1 } };
  expect(run([at(0, 0.6), at(30, 0.6, restarted)]).alerts).toEqual([]);
  expect(run([at(1000, 0.6), at(0, 0.6)]).alerts).toEqual([]);
});

test("splits a minute: unknown at first, without own ones, unknown again after a gap", () => {
  const set = rules("rules: [{name: s, figure: splits_per_minute, above: 100, message: '{value} {who}'}]");
  const splits = (seconds: number, count: number, own = 0): Snapshot => {
    const row = { pid: 1, comm: "x", level: "2m" as const, stack: [], last: empty.time };
    return at(seconds, 0, {
      directMap: { ...empty.directMap, splits: { "2m": 5000 + count + own, "1g": 0 } },
      splitCauses: [
        { ...row, cause: "module", count, own: false },
        { ...row, cause: "bpf", count: own, own: true },
      ],
    });
  };
  expect(run([splits(0, 0), splits(59, 5000)], set).alerts).toEqual([]);
  expect(run([splits(0, 0), splits(60, 200)], set).alerts.map(({ message }) => message)).toEqual(["200 module"]);
  expect(run([splits(0, 0), splits(60, 0, 5000)], set).alerts).toEqual([]);
  expect(run([splits(0, 0), splits(59, 0), splits(4000, 100_000)], set).alerts).toEqual([]);
});

test("refusals a minute: of everybody, and about whom, though they hold nothing and the list forgets them", () => {
  const set = rules("rules: [{name: r, figure: refusals_per_minute, above: 10, message: '{value} {who}'}]");
  const refused = (seconds: number, count: number, listed: number): Snapshot =>
    at(seconds, 0, {
      evidence: { ...empty.evidence, route: { ...empty.evidence.route, refusals: "tracepoint" } },
      secret: {
        ...empty.secret,
        refusals: [
          { what: "map", code: "EAGAIN", count: count - 1 },
          { what: "create", code: "EMFILE", count: 1 },
        ],
        refusedProcesses: [
          { pid: 8, startTicks: 1, comm: "once", uid: 1, what: "map", code: "EAGAIN", count: 1, last: empty.time },
          {
            pid: 9,
            startTicks: 1,
            comm: "greedy",
            uid: 1,
            what: "map",
            code: "EAGAIN",
            count: listed,
            last: empty.time,
          },
        ],
      },
    });
  const { alerts } = run([refused(0, 100, 90), refused(60, 115, 5)], set);
  expect(alerts.map(({ message }) => message)).toEqual(["15 greedy [9]"]);
  // A counter that fell is another counter: nothing is known of the time between.
  expect(run([refused(0, 100, 90), refused(60, 20, 5), refused(90, 60, 5)], set).alerts).toEqual([]);
});

test("a futile OOM kill fires and leaves after ten minutes, though the wall clock is set meanwhile", () => {
  const set = rules("rules: [{name: k, figure: futile_oom_kills, above: 0, message: '{who}'}]");
  const kill = {
    victim: { pid: 55, comm: `{host}${hostileName}`, uid: 0, cgroup: null },
    trigger: { pid: 1, comm: "x" },
    constraint: null,
    cgroup: null,
    secretResidentBytes: 16 * 2 ** 20,
    secretFreedBytes: 0,
  };
  const moment = (seconds: number, wall: number) =>
    at(seconds, 0, {
      time: new Date(wall + seconds * 1000).toISOString(),
      oom: { kills: 1, recent: [{ ...kill, time: new Date(wall).toISOString() }] },
    });
  const { alerts } = run([moment(1, 1e12), moment(590, 2e12), moment(610, 1.5e12)], set);
  expect(alerts.map(brief)).toEqual(["fired 1", "cleared 610"]);
  expect(alerts[0]?.message).toBe(`{host}${hostileName} [55]`);
});

test("the default forecast: a burst that broke up a tenth of the map fires nothing, what goes on does", () => {
  const forecast = readRuleFile(defaultRulesPath).rules.filter(({ figure }) => figure === "hours_until_last_2m");
  expect(forecast.map(({ name }) => name)).toEqual(["direct-map-runs-out"]);
  const mapping = 2 ** 21;
  /** Mappings left of a thousand, minute by minute. */
  const hours = (left: (minute: number) => number) =>
    Array.from({ length: 300 }, (_, minute) =>
      at(minute * 60, 0, {
        directMap: {
          ...empty.directMap,
          bytes: { "4k": (1000 - left(minute)) * mapping, "2m": left(minute) * mapping, "1g": 0 },
        },
      }),
    );
  expect(
    run(
      hours((minute) => 1000 - Math.max(0, Math.min(100, (minute - 20) * 10))),
      forecast,
    ).alerts,
  ).toEqual([]);
  const long = run(
    hours((minute) => 1000 - Math.max(0, Math.min(300, (minute - 20) * 3))),
    forecast,
  );
  expect(long.alerts.map(({ change }) => change)).toEqual(["fired", "cleared"]);
});

test("kills beside some keys are not futile, whatever they free; beside much that is not known yet it is unknown", () => {
  const set = rules("rules: [{name: k, figure: futile_oom_kills, above: 0}]");
  const kill = (secretResidentBytes: number | null, secretFreedBytes: number | null) =>
    at(60, 0, {
      time: "2026-11-21T00:01:00Z",
      oom: {
        kills: 1,
        recent: [
          {
            time: "2026-11-21T00:00:30Z",
            victim: { pid: 55, comm: "job", uid: 0, cgroup: null },
            trigger: { pid: 1, comm: "x" },
            constraint: "memcg",
            cgroup: "/job",
            secretResidentBytes,
            secretFreedBytes,
          },
        ],
      },
    });
  const outcome = (snapshot: Snapshot) => {
    const engine = new AlertEngine(set);
    engine.observe(snapshot);
    return engine.states.map(({ state }) => state);
  };
  const much = 16 * 2 ** 20;
  expect(outcome(kill(much - 4096, 0))).toEqual(["inactive"]);
  expect(outcome(kill(much - 4096, null))).toEqual(["inactive"]);
  expect(outcome(kill(much, 4096))).toEqual(["inactive"]);
  expect(outcome(kill(much, null))).toEqual(["unknown"]);
  expect(outcome(kill(null, null))).toEqual(["unknown"]);
  expect(outcome(kill(much, 0))).toEqual(["firing"]);
});

test("who is nearest to a limit, and whose secret memory it is", () => {
  const set = rules(
    "rules: [{name: m, figure: memlock_share, above: 80%}, {name: u, figure: secret_share_of_user, above: 0, message: '{who}'}]",
  );
  const holders = [holder, { ...holder, pid: 2 }];
  expect(run([at(0, 0, { secret: { ...empty.secret, holders } })], set).alerts.map(({ who }) => who)).toEqual([
    "rosenpass [1234]",
    "uid 54321",
  ]);
  const unread = [holder, { ...holder, pid: 2, residentBytes: null, proportionalBytes: null }];
  expect(run([at(0, 0, { secret: { ...empty.secret, holders: unread } })], set).alerts.map(({ rule }) => rule)).toEqual(
    ["m"],
  );
});

const share = fc.option(fc.constantFrom(0, 0.2, 0.3, 0.4, 0.5, 0.6, 1), { nil: null, freq: 8 });
const steps = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 1, max: 9 }) },
      { weight: 1, arbitrary: fc.integer({ min: 1000, max: 9000 }) },
    ),
    share,
  ),
  { maxLength: 150 },
);
const snapshotsOf = (list: readonly (readonly [number, number | null])[]) => {
  let now = 0;
  return list.map(([step, value]) => {
    now += step;
    return at(now, value);
  });
};

test("however an input flaps, it pages once, and again only after it cleared", () => {
  fc.assert(
    fc.property(steps, (list) => {
      const said = run(snapshotsOf(list)).alerts.filter(({ change }) => change !== "repeated");
      for (const [index, { change }] of said.entries()) expect(change).toBe(index % 2 === 0 ? "fired" : "cleared");
      // 10 s to fire and 20 s to clear: two pages are at least that far apart.
      for (let index = 2; index < said.length; index++) {
        expect(
          BigInt(said[index]?.monotonicNs ?? 0) - BigInt(said[index - 2]?.monotonicNs ?? 0),
        ).toBeGreaterThanOrEqual(30n * second);
      }
    }),
  );
});

test("wherever it is stopped and continued, and whatever the wall clock does, the alerts are the same", () => {
  fc.assert(
    fc.property(
      steps,
      fc.array(fc.integer({ min: 1, max: 20 })),
      fc.array(fc.integer({ min: 0, max: 4e12 })),
      (list, sizes, walls) => {
        const snapshots = snapshotsOf(list);
        const engine = new AlertEngine(shareRule);
        const chunked: Alert[] = [];
        let done = 0;
        for (const size of [...sizes, snapshots.length]) {
          for (const [index, each] of snapshots.slice(done, done + size).entries()) {
            chunked.push(...engine.observe({ ...each, time: new Date(walls[index] ?? 0).toISOString() }));
          }
          done += size;
        }
        expect(chunked.map(brief)).toEqual(run(snapshots).alerts.map(brief));
      },
    ),
  );
});

test("gaps in a calm or a bad state add nothing to what was observed", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1000, max: 1e6 }), { maxLength: 8 }), fc.boolean(), (gaps, bad) => {
      const before = bad ? [at(0, 0.6)] : [...each(0, 12, 0.6), at(12, 0.1)];
      // One second after each gap: steps that are all long would be the pace of the recording.
      const after = gaps.flatMap((gap, index) => {
        const start = 100 + gaps.slice(0, index + 1).reduce((sum, each) => sum + each, 0) + gap;
        return [at(start, bad ? 0.6 : 0.1), at(start + 1, bad ? 0.6 : 0.1)];
      });
      expect(run([...before, ...after]).alerts.map(brief)).toEqual(bad ? [] : ["fired 10"]);
    }),
  );
});

test("a recording says the same step by step and played", async () => {
  const set = rules(
    "rules: [{name: h, figure: hibernation_blocked, is: yes}, {name: s, figure: secret_share, above: 0.0001%}]",
  );
  const path = join(import.meta.dirname, "../../fixtures/traces/format-1.0.arrows");
  const stepped = openTrace(path);
  const alerts = [...new Backtest(set).run(stepped)].flat();
  await stepped.close();
  const played = openTrace(path);
  const { alerts: first, engine } = run([played.snapshot()], set);
  played.onSnapshot((snapshot) => first.push(...engine.observe(snapshot)));
  played.speed = "most";
  await new Promise<void>((resolve) => {
    played.onEnd(resolve);
    played.play();
  });
  await played.close();
  expect(alerts.length).toBeGreaterThan(0);
  expect(first).toEqual(alerts);
});
