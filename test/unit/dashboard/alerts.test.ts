/** What the default rules say of a host, on the dashboard. */
import { expect, test } from "vitest";
import { readRules } from "../../../collector/alerts/readRules.ts";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { Alerts } from "../../../tui/dashboard/model/alerts.ts";
import { Memory } from "../../../tui/dashboard/model/scene.ts";
import { empty, hostileName } from "../commands/snapshots.ts";
import { draw, sceneOf } from "./terminal.ts";

/** Secret memory is that share of RAM, half a minute after the snapshot before. */
const host = (shares: readonly number[], name = "box"): Snapshot[] =>
  shares.map((share, index) => ({
    ...empty,
    host: { ...empty.host, name },
    time: new Date(Date.parse(empty.time) + index * 30_000).toISOString(),
    monotonicNs: String(BigInt(index) * 30_000_000_000n),
    secret: { ...empty.secret, residentBytes: share * empty.host.memoryBytes },
  }));
const large = Array<number>(12).fill(0.6);
const small = Array<number>(25).fill(0.01);

test("an alert is a word in the header and a line in the events, for as long as it lasts", async () => {
  const { terminal } = await draw(host(large), 120, 40);
  expect(terminal.rows()[0]).toMatch(/! 1 alert /);
  expect(terminal.text()).toMatch(/alert\s+secret-memory-large: box: 60% of RAM is secret memory/);
  const scene = sceneOf(host([...large, ...small]));
  expect(scene.firing).toEqual([]);
  expect(scene.log.filter(({ what }) => what === "alert").map(({ text, weight }) => ({ text, weight }))).toEqual([
    { text: "resolved: secret-memory-large", weight: "normal" },
    { text: "secret-memory-large: box: 60% of RAM is secret memory, which nothing can reclaim", weight: "warning" },
  ]);
});

test("without an alert the header has no word for it", async () => {
  const { terminal } = await draw(host(small), 120, 40);
  expect(terminal.rows()[0]).not.toContain("alert");
});

test("names in a message do nothing to the terminal", async () => {
  const { terminal } = await draw(host(large, hostileName), 120, 40);
  expect(terminal.text()).toContain("secret-memory-large: \\x1b[2J");
});

test("what is said again is no new event; what is critical weighs more", () => {
  const { rules } = readRules(
    "rules: [{name: a, figure: secret_share, above: 50%, every: 30s, labels: {severity: critical}}]",
  );
  const alerts = new Alerts(rules);
  const said = host(large).flatMap((snapshot) => alerts.observe(snapshot));
  expect(said.map(({ what, weight }) => `${what} ${weight}`)).toEqual(["alert bad"]);
  expect(alerts.firing).toEqual(["a"]);
});

test("rules of the user's own are in the place of those that it comes with", () => {
  const fires = (text: string) => {
    const memory = new Memory(1000, readRules(text).rules);
    for (const snapshot of host(large)) memory.add(snapshot);
    return memory.scene()?.firing;
  };
  expect(fires("rules: [{name: own, figure: secret_share, above: 50%}]")).toEqual(["own"]);
  expect(fires("rules: [{name: own, figure: secret_share, above: 70%}]")).toEqual([]);
});
