/**
 * Claim: the default rules stay quiet on an idle and on a busy host, and on a sick one say what is wrong, once. Played on
 * recordings of real kernels; test/fixtures/hosts says what happened there.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Backtest } from "../../../collector/alerts/backtest.ts";
import type { Alert } from "../../../collector/alerts/engine.ts";
import { figures } from "../../../collector/alerts/figures.ts";
import { History } from "../../../collector/alerts/history.ts";
import { formatFigure } from "../../../collector/alerts/message.ts";
import { defaultRulesPath, readRuleFile } from "../../../collector/alerts/ruleFile.ts";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { openTrace } from "../../../collector/sources/trace-file/observation.ts";

const { rules } = readRuleFile(defaultRulesPath);
const minutesBetween = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 60_000;

/** What the rules said, and the figure farthest to the side that each rule is about. */
async function played(host: string) {
  const trace = openTrace(join(import.meta.dirname, `../../fixtures/hosts/${host}.arrows`));
  const first = trace.snapshot();
  const backtest = new Backtest(rules);
  const history = new History();
  const extremes = new Map<string, number>();
  const said: Alert[] = [];
  let last: Snapshot = first;
  for (const alerts of backtest.run(trace)) {
    last = trace.snapshot();
    said.push(...alerts);
    history.observe(last);
    for (const { name, figure, cause, threshold } of rules) {
      const { value } = figures[figure].read(last, history, cause);
      if (value === null) continue;
      const before = extremes.get(name);
      const pick = threshold.side === "above" ? Math.max : Math.min;
      extremes.set(name, before === undefined ? value : pick(before, value));
    }
  }
  await trace.close();
  return { said, outcomes: backtest.outcomes, last, minutes: minutesBetween(first.time, last.time), extremes };
}

const hosts = { idle: await played("idle"), busy: await played("busy"), sick: await played("sick") };

test.each(["idle", "busy"] as const)("%s: two hours and a half, everything known, nothing fires", (name) => {
  const { said, outcomes, minutes, last } = hosts[name];
  expect(minutes).toBeGreaterThan(145);
  expect(last.evidence).toMatchObject({ complete: true, gaps: [], restarts: 0, lost: 0 });
  expect(outcomes.filter(({ knownSamples }) => knownSamples === 0)).toEqual([]);
  expect(said).toEqual([]);
});

test("busy was busy: modules and BPF programs split, jobs were killed, and a key agent stood beside", () => {
  const { last } = hosts.busy;
  const splits = (cause: string) =>
    last.splitCauses.reduce((sum, each) => sum + (each.cause === cause && !each.own ? each.count : 0), 0);
  expect(splits("module")).toBeGreaterThan(0);
  expect(splits("bpf")).toBeGreaterThan(0);
  expect(last.oom.kills).toBeGreaterThanOrEqual(6);
  expect(last.oom.recent.map(({ secretFreedBytes }) => secretFreedBytes)).toContain(0);
  expect(last.secret.holders.map(({ comm }) => comm)).toEqual(["key-agent"]);
});

describe("sick", () => {
  const { said, last } = hosts.sick;
  const of = (rule: string) => said.filter((each) => each.rule === rule).map(({ change }) => change);
  /** Of the story, whose first kill is in minute 14. */
  const minuteOf = (rule: string) => {
    const [kill] = last.oom.recent;
    const fired = said.find((each) => each.rule === rule && each.change === "fired");
    return 14 + minutesBetween(kill?.time ?? "", fired?.time ?? "");
  };

  test("each rule fires once, and clears when it is over; of what cannot be mended it does not", () => {
    const lasting = ["direct-map-mostly-4k", "evidence-lost"];
    for (const { name } of rules) {
      expect(
        of(name).filter((change) => change !== "repeated"),
        name,
      ).toEqual(lasting.includes(name) ? ["fired"] : ["fired", "cleared"]);
    }
  });

  // Minutes of the story in test/fixtures/hosts/sick.mjs, and what each rule adds to them.
  test.each([
    // The second kill, and half a minute.
    ["oom-kills-futile", 16.5, 18],
    // A tenth of RAM is reached after ten minutes, a quarter after twenty: and five minutes.
    ["secret-memory-of-one-user", 40, 45],
    ["secret-memory-of-one-cgroup", 40, 45],
    ["secret-memory-large", 55, 60],
    // At once.
    ["oom-kill-beside-secret-memory", 45, 46],
    // From minute 30 on, a rate of five minutes, and a quarter of an hour.
    ["direct-map-splits", 46, 52],
    // From minute 60 on, for ten.
    ["secret-memory-unheld", 70, 72],
    ["cgroup-charged-without-holder", 70, 72],
    // Half of the map is split at about the end of the fast growth: and half an hour.
    ["direct-map-mostly-4k", 75, 100],
    ["memlock-nearly-used-up", 80, 110],
    // From minute 80 on, a rate of five minutes, for ten.
    ["secret-memory-refused", 90, 95],
    // Two hours after the growth began, and while its last hour is in the forecast.
    ["direct-map-runs-out", 150, 153],
    // Probes are shot in minute 240: and a quarter of an hour.
    ["evidence-lost", 255, 258],
  ])("%s fires in time", (rule, from, to) => {
    expect(minuteOf(rule)).toBeGreaterThanOrEqual(from);
    expect(minuteOf(rule)).toBeLessThanOrEqual(to);
  });
});

test("what is written beside each threshold is what the recordings say", () => {
  const text = readFileSync(defaultRulesPath, "utf8");
  for (const { name, figure, threshold } of rules) {
    const { unit } = figures[figure];
    const of = (host: keyof typeof hosts) => formatFigure(hosts[host].extremes.get(name) ?? null, unit);
    const side = threshold.side === "above" ? "Most" : "Least";
    const line = `  # ${side} seen: idle ${of("idle")}, busy ${of("busy")}, sick ${of("sick")}.`;
    const comment = /((?: {2}#.*\n)+) {2}- name: (\S+)\n/g;
    const beside = [...text.matchAll(comment)].find(([, , rule]) => rule === name)?.[1];
    expect(beside?.trimEnd().split("\n"), name).toContain(line);
  }
});
