/** The service on snapshots that a test hands it: its pages over HTTP, its alerts, and a new configuration. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Observation } from "../../../collector/observation.ts";
import { readConfiguration } from "../../../collector/serve/configuration.ts";
import { freshness } from "../../../collector/serve/health.ts";
import { Service } from "../../../collector/serve/service.ts";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { busy, empty } from "../commands/snapshots.ts";
import { parseExposition, seriesValue } from "../publish/metrics/exposition.ts";

const rule = (name: string, above: string) =>
  `  - {name: ${name}, figure: secret_share, above: ${above}, labels: {severity: page}, message: "{rule} {value}"}\n`;
const heard: { rule: string; status: string }[] = [];
const said: string[] = [];
const told: string[] = [];
let folder = "";
let receiver: Server;
let receiverUrl = "";
let service: Service;
let url = "";
let listener: ((snapshot: Snapshot) => void) | undefined;
let second = 100;

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const configure = (more = "", rules = rule("share", "10%")) => {
  write("rules.yaml", `rules:\n${rules}`);
  write(
    "config.yaml",
    `listen: 127.0.0.1:0\nrules: rules.yaml\ndeliver: {webhook: {url: '${receiverUrl}', token: hush}}\n${more}`,
  );
};
const read = () => readConfiguration(join(folder, "config.yaml"), {});
const snapshotOf = (share: number): Snapshot => {
  second++;
  const monotonicNs = String(BigInt(second) * 1_000_000_000n);
  const time = new Date(1e12 + second * 1000).toISOString();
  return { ...empty, time, monotonicNs, secret: { ...empty.secret, residentBytes: share * empty.host.memoryBytes } };
};
const observation = (first: Snapshot): Observation => ({
  snapshot: () => first,
  onSnapshot: (each) => {
    listener = each;
    return () => {};
  },
  onEvent: () => () => {},
  onNotice: () => () => {},
  close: async () => {},
});
const get = async (path: string, init?: RequestInit) => {
  const answer = await fetch(`${url}${path}`, init);
  return { status: answer.status, type: answer.headers.get("content-type"), text: await answer.text() };
};
const metrics = async () => parseExposition((await get("/metrics")).text);
const statuses = () => heard.map((each) => `${each.rule} ${each.status}`);

beforeEach(async () => {
  for (const list of [heard, said, told]) list.length = 0;
  second = 100;
  folder = mkdtempSync(join(tmpdir(), "secretscope-service-"));
  receiver = createServer((request, response) => {
    let body = "";
    request.on("data", (more) => {
      body += more;
    });
    request.on("end", () => {
      heard.push(JSON.parse(body));
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  receiverUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  configure();
  service = new Service({
    version: "1.2.3",
    configuration: read(),
    read,
    log: (line) => said.push(line),
    print: async () => {},
    manager: {
      watchdogMs: null,
      ready: () => told.push("ready"),
      reloading: () => told.push("reloading"),
      stopping: () => told.push("stopping"),
      alive: () => told.push("alive"),
    },
  });
  url = await service.listen();
});

afterEach(async () => {
  await service.close();
  receiver.closeAllConnections();
  receiver.close();
  rmSync(folder, { recursive: true });
});

test("before the first snapshot: 503 with the reason, and metrics of the service alone", async () => {
  const health = await get("/healthz");
  expect([health.status, JSON.parse(health.text)]).toMatchObject([503, { status: "failing", collecting: false }]);
  expect((await get("/snapshot")).status).toBe(503);
  const families = await metrics();
  expect(families.has("secretscope_build_info")).toBe(true);
  expect(families.has("secretscope_holders")).toBe(false);
  expect(told).toEqual([]);
});

test("its pages say what the snapshot says", async () => {
  service.watch(observation(busy));
  expect(told).toEqual(["ready"]);
  expect(JSON.parse((await get("/snapshot")).text)).toEqual(busy);
  // A name that attacks a terminal reaches nobody raw.
  expect((await get("/snapshot")).text).not.toMatch(/[\x1b\u202e\x9b]/);
  expect((await get("/healthz")).status).toBe(200);
  expect((await get("/")).text).toContain("/metrics");
  expect(seriesValue(await metrics(), "secretscope_holders")).toBe(40);
  const open = await get("/metrics", { headers: { accept: "application/openmetrics-text;version=1.0.0" } });
  expect(open.type).toContain("application/openmetrics-text; version=1.0.0");
  expect(open.text.endsWith("# EOF\n")).toBe(true);
  // One format does not disturb the other, however many ask at once.
  const both = await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      get("/metrics", index % 2 ? { headers: { accept: "application/openmetrics-text" } } : {}),
    ),
  );
  for (const [index, { text }] of both.entries()) {
    expect(text.endsWith("# EOF\n")).toBe(index % 2 === 1);
    expect(
      seriesValue(
        parseExposition(text),
        index % 2 ? "secretscope_direct_map_splits" : "secretscope_direct_map_splits_total",
        { level: "2m", cause: "secretmem" },
      ),
    ).toBe(310);
  }
});

test("an alert fires and is resolved, once each, and shows in the metrics", async () => {
  service.watch(observation(snapshotOf(0)));
  listener?.(snapshotOf(0.5));
  listener?.(snapshotOf(0.5));
  expect(seriesValue(await metrics(), "secretscope_alert_firing", { rule: "share" })).toBe(1);
  listener?.(snapshotOf(0));
  expect(seriesValue(await metrics(), "secretscope_alert_firing", { rule: "share" })).toBe(0);
  await vi.waitFor(() => expect(statuses()).toEqual(["share firing", "share resolved"]), 5000);
  await vi.waitFor(async () => {
    expect(seriesValue(await metrics(), "secretscope_notifications_sent_total", { kind: "webhook" })).toBe(2);
  }, 5000);
});

test("a new configuration: what stays goes on, what is gone is resolved, what is new begins", async () => {
  service.watch(observation(snapshotOf(0)));
  configure("", rule("stays", "10%") + rule("goes", "10%") + rule("changes", "10%"));
  service.reload();
  listener?.(snapshotOf(0.5));
  await vi.waitFor(() => expect(statuses()).toEqual(["stays firing", "goes firing", "changes firing"]), 5000);
  configure("", rule("changes", "90%") + rule("stays", "10%") + rule("new", "20%"));
  service.reload();
  listener?.(snapshotOf(0.5));
  await vi.waitFor(
    () => expect(statuses().slice(3)).toEqual(["goes resolved", "changes resolved", "new firing"]),
    5000,
  );
  expect(told).toEqual(["ready", "reloading", "ready", "reloading", "ready"]);
});

test("other receivers hear what fires already", async () => {
  service.watch(observation(snapshotOf(0.5)));
  await vi.waitFor(() => expect(statuses()).toEqual(["share firing"]), 5000);
  // Only the token is another one.
  write("config.yaml", `rules: rules.yaml\ndeliver: {webhook: {url: '${receiverUrl}', token: other}}\n`);
  service.reload();
  await vi.waitFor(() => expect(statuses()).toEqual(["share firing", "share firing"]), 5000);
  service.reload();
  listener?.(snapshotOf(0));
  await vi.waitFor(() => expect(statuses().slice(2)).toEqual(["share resolved"]), 5000);
});

test("what receivers counted goes on through a new configuration", async () => {
  const sent = async () => seriesValue(await metrics(), "secretscope_notifications_sent_total", { kind: "webhook" });
  service.watch(observation(snapshotOf(0.5)));
  await vi.waitFor(async () => expect(await sent()).toBe(1), 5000);
  for (const [index, token] of ["b", "c"].entries()) {
    write("config.yaml", `rules: rules.yaml\ndeliver: {webhook: {url: '${receiverUrl}', token: ${token}}}\n`);
    service.reload();
    // What fires is told anew to each.
    await vi.waitFor(async () => expect(await sent()).toBe(index + 2), 5000);
  }
});

test.each([
  [
    "in the configuration",
    () => configure("lisen: 1"),
    /config\.yaml:4:1: the configuration has no "lisen"; did you mean listen\?/,
  ],
  ["in the rules", () => configure("", "  - {name: share, figur: x}\n"), /rules\.yaml:2:19: .*figur/],
  ["of the file itself", () => rmSync(join(folder, "config.yaml")), /cannot read the configuration/],
])("a mistake %s keeps the one before, and says so", async (_, spoil, complaint) => {
  service.watch(observation(snapshotOf(0.5)));
  const before = seriesValue(await metrics(), "secretscope_config_last_reload_success_timestamp_seconds");
  spoil();
  service.reload();
  expect(said.join("\n")).toMatch(complaint);
  expect(said.at(-1)).toMatch(/^configuration not read again: .*; the one before stays in force$/);
  expect(said.join("\n")).not.toContain("hush");
  const after = await metrics();
  expect(seriesValue(after, "secretscope_config_last_reload_successful")).toBe(0);
  expect(seriesValue(after, "secretscope_config_last_reload_success_timestamp_seconds")).toBe(before);
  expect(seriesValue(after, "secretscope_alert_firing", { rule: "share" })).toBe(1);
  expect(JSON.parse((await get("/healthz")).text).warnings.join()).toContain("has a mistake");
  configure();
  service.reload();
  expect(seriesValue(await metrics(), "secretscope_config_last_reload_successful")).toBe(1);
});

test("what only a restart can change is said", () => {
  configure("interval: 5s\nroute: procfs\n");
  service.reload();
  expect(said.at(-2)).toBe("interval, route: takes effect when secretscope starts again");
});

test("a receiver that is down is in /healthz, and collecting goes on", async () => {
  service.watch(observation(snapshotOf(0)));
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
  listener?.(snapshotOf(0.5));
  await vi.waitFor(async () => {
    const health = JSON.parse((await get("/healthz")).text);
    expect(health).toMatchObject({
      status: "ok",
      warnings: [expect.stringContaining("alerts do not reach webhook-1")],
    });
    expect(health.deliveries.find((each: { name: string }) => each.name === "webhook-1")?.failed).toBeGreaterThan(0);
  }, 5000);
});

test("no snapshot for a while is late, and then worth nothing", () => {
  expect(freshness(null, 1000)).toBe("fresh");
  expect([2000, 4000, 61_000].map((age) => freshness(age, 1000))).toEqual(["fresh", "late", "stopped"]);
  expect([60_000, 100_000, 700_000].map((age) => freshness(age, 30_000))).toEqual(["fresh", "late", "stopped"]);
});

test("an address that is not loopback is said", async () => {
  write("config.yaml", "listen: 0.0.0.0:0\nrules: none\n");
  const open = new Service({
    version: "1",
    configuration: read(),
    read,
    log: (line) => said.push(line),
    print: async () => {},
    manager: { watchdogMs: null, ready() {}, reloading() {}, stopping() {}, alive() {} },
  });
  const { port } = new URL(await open.listen());
  expect(said.join("\n")).toContain("0.0.0.0 is not loopback: whoever reaches it");
  // There the name in the Host header is whatever this host is called.
  const status = await new Promise((resolve) => {
    request({ port, host: "127.0.0.1", headers: { host: "host.example.org" } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).end();
  });
  expect(status).toBe(200);
  await open.close();
});
