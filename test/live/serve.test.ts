/** The built `secretscope serve` on this machine's kernel: /metrics says what /snapshot says and what the kernel did. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Snapshot } from "../../collector/snapshot.ts";
import { childrenOf } from "../processes.mjs";
import { workload } from "../truth/workload.ts";
import { type Family, parseExposition, seriesIn, seriesValue } from "../unit/publish/metrics/exposition.ts";

const cli = join(import.meta.dirname, "../../dist/tui/cli.js");
const folder = mkdtempSync(join(tmpdir(), "secretscope-live-serve-"));
const config = join(folder, "config.yaml");
const rules = join(folder, "rules.yaml");
const good = `listen: 127.0.0.1:0\ninterval: 500ms\nrules: rules.yaml\nmetrics: {processes: 100}\ndeliver: {stdout: yes}\n`;
const pageBytes = 4096;

let child: ChildProcess;
let url = "";
let log = "";
let alerts = "";

async function until<Found>(what: string, look: () => Promise<Found | undefined | false>): Promise<Found> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited a minute in vain: ${what}\n${log}`);
    await sleep(100);
  }
}

const json = async <Data>(path: string) => (await (await fetch(`${url}${path}`)).json()) as Data;
const metrics = async () => parseExposition(await (await fetch(`${url}/metrics`)).text());

interface Both {
  readonly snapshot: Snapshot;
  readonly families: ReadonlyMap<string, Family>;
}

/** Metrics and the snapshot that they were made from. */
async function both(): Promise<Both> {
  return await until("a scrape between two snapshots", async () => {
    const snapshot = await json<Snapshot>("/snapshot");
    const families = await metrics();
    const after = await json<Snapshot>("/snapshot");
    return snapshot.monotonicNs === after.monotonicNs ? { snapshot, families } : undefined;
  });
}

const when = async (what: string, isSo: (both: Both) => boolean) =>
  await until(what, async () => {
    const now = await both();
    return isSo(now) ? now : undefined;
  });

beforeAll(async () => {
  writeFileSync(rules, "rules: [{name: much, figure: secret_share, above: 0.05%}]\n");
  writeFileSync(config, good);
  child = spawn(process.execPath, [cli, "serve", "--config", config], { stdio: ["ignore", "pipe", "pipe"] });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    alerts += text;
  });
  url = await until("it listens", async () => /listening at (http:\S+)/.exec(log)?.[1]);
  await until("figures come", async () => (await fetch(`${url}/healthz`)).status === 200);
});

afterAll(() => {
  child?.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

describe("metrics", () => {
  test("secret memory, holders, refusals: as in the snapshot, and as the workload made them", async () => {
    const before = await both();
    const beforeOf = (what: string, code: string) =>
      seriesValue(before.families, "secretscope_refusals_total", { what, code }) ?? 0;
    const einval = beforeOf("create", "EINVAL");
    const a = await workload();
    await a.secret(300);
    const b = await a.fork("b");
    await b.rename('x"} 1\nevil{a="\x1b[2J');
    await b.secret(50);
    for (let attempt = 0; attempt < 3; attempt++)
      await expect(a.create(0x40)).rejects.toMatchObject({ code: "EINVAL" });

    const residentOf = ({ secret }: Snapshot, { pid }: { pid: number }) =>
      (secret.holders.find((holder) => holder.pid === pid)?.residentBytes ?? 0) / pageBytes;
    // Somebody else on this machine may hold some too, and be refused some.
    const { snapshot, families } = await when("the workload is seen whole", (now) => {
      const refused = seriesValue(now.families, "secretscope_refusals_total", { what: "create", code: "EINVAL" });
      const isWhole =
        now.snapshot.secret.residentBytes !== null &&
        residentOf(now.snapshot, a) === 300 &&
        residentOf(now.snapshot, b) === 50;
      return isWhole && (refused ?? 0) >= einval + 3;
    });
    expect(seriesValue(families, "secretscope_secret_memory_bytes")).toBe(snapshot.secret.residentBytes);
    expect(snapshot.secret.residentBytes).toBeGreaterThanOrEqual(350 * pageBytes);
    const refusals = snapshot.secret.refusals.find(({ what, code }) => what === "create" && code === "EINVAL");
    expect(seriesValue(families, "secretscope_refusals_total", { what: "create", code: "EINVAL" })).toBe(
      refusals?.count,
    );
    expect(seriesValue(families, "secretscope_holders")).toBe(snapshot.secret.holders.length);
    expect(seriesValue(families, "secretscope_hibernation_blocked")).toBe(1);
    for (const { pid, proportionalBytes } of snapshot.secret.holders) {
      const series = seriesValue(families, "secretscope_process_secret_memory_bytes", { pid: String(pid) });
      // Who came in the last ten seconds may be part of other; at the start everybody has a series.
      if (series !== undefined) expect(series).toBe(proportionalBytes);
    }
    const sum = (name: string) => (families.get(name)?.samples ?? []).reduce((total, { value }) => total + value, 0);
    const held = snapshot.secret.holders.reduce((total, holder) => total + (holder.proportionalBytes ?? 0), 0);
    for (const by of ["process", "user", "cgroup"]) expect(sum(`secretscope_${by}_secret_memory_bytes`)).toBe(held);
    // After ten seconds both processes have a series of their own, and the name is one label.
    const settled = await when("the processes have series", (now) =>
      [a, b].every(
        ({ pid }) =>
          seriesValue(now.families, "secretscope_process_secret_memory_bytes", { pid: String(pid) }) !== undefined,
      ),
    );
    expect([...settled.families.keys()].filter((name) => name.includes("evil"))).toEqual([]);
    await a.finish();
    await when("the end of the workload is seen", ({ snapshot: now }) => residentOf(now, a) + residentOf(now, b) === 0);
  });

  test("the direct map is the kernel's own figure, and causes and unattributed add up to it", async () => {
    const a = await workload();
    for (let file = 0; file < 4; file++) await a.secret(500);
    const { snapshot, families } = await when("counters stand still", ({ snapshot: { directMap } }) => {
      const vmstat = readFileSync("/proc/vmstat", "utf8");
      return directMap.splits["2m"] === Number(/^direct_map_level2_splits (\d+)$/m.exec(vmstat)?.[1]);
    });
    const sum = (families.get("secretscope_direct_map_splits_total")?.samples ?? []).reduce(
      (all, { value }) => all + value,
      0,
    );
    const { splits } = snapshot.directMap.sinceStart;
    expect(sum + (seriesValue(families, "secretscope_direct_map_unattributed_splits") ?? 0)).toBe(
      (splits["2m"] ?? 0) + (splits["1g"] ?? 0),
    );
    for (const level of ["2m", "1g"] as const) {
      expect(seriesValue(families, "secretscope_direct_map_kernel_splits_total", { level })).toBe(
        snapshot.directMap.splits[level],
      );
    }
    for (const size of ["4k", "2m", "1g"] as const) {
      expect(seriesValue(families, "secretscope_direct_map_bytes", { page_size: size }) ?? null).toBe(
        snapshot.directMap.bytes[size],
      );
    }
    expect(seriesValue(families, "secretscope_evidence_state", { state: snapshot.evidence.word })).toBe(1);
    await a.finish();
  });

  test("an alert fires and clears on standard output, and in the metrics", async () => {
    const fires = async (is: 0 | 1) =>
      await when(
        `it is ${is}`,
        ({ families }) => seriesValue(families, "secretscope_alert_firing", { rule: "much" }) === is,
      );
    const { snapshot } = await fires(0);
    alerts = "";
    const a = await workload();
    await a.secret(Math.ceil((0.0006 * snapshot.host.memoryBytes) / pageBytes));
    await fires(1);
    await a.finish();
    await fires(0);
    const lines = await until("two lines", async () => {
      const all = alerts.trimEnd().split("\n");
      return all.length >= 2 ? all.map((line) => JSON.parse(line)) : undefined;
    });
    expect(lines.map(({ rule, status }) => `${rule} ${status}`)).toEqual(["much firing", "much resolved"]);
  });
});

test("a storm of short-lived holders: few series, none of them theirs, and no counter falls", async () => {
  const a = await workload();
  const before = new Map<string, number>();
  const named = new Set<string>();
  let scrapes = 0;
  let over = false;
  const storm = (async () => {
    for (let round = 0; round < 60; round++) expect(await a.ask("churn 400 2 20")).toMatchObject({ well: "400" });
  })().finally(() => {
    over = true;
  });
  while (!over) {
    const families = await metrics();
    expect(seriesIn(families)).toBeLessThan(2000);
    for (const { type, samples } of families.values()) {
      for (const { name, labels, value } of samples) {
        const series = `${name} ${JSON.stringify(labels)}`;
        if (type === "counter") expect(value, series).toBeGreaterThanOrEqual(before.get(series) ?? 0);
        if (type === "counter") before.set(series, value);
        if (labels.pid !== undefined) named.add(labels.pid);
      }
    }
    scrapes++;
    await sleep(100);
  }
  await storm;
  expect(scrapes).toBeGreaterThan(3);
  // The storm's own 24 000 processes came and went; who has a series was there before.
  expect(named.size).toBeLessThan(20);
  await a.finish();
});

/** Time between two snapshots, ms: the median of some seconds. */
async function pace(seconds: number, meanwhile: () => void): Promise<number> {
  const times = new Set<bigint>();
  const stop = performance.now() + seconds * 1000;
  // Also on a machine that has no time there have to be some.
  while (performance.now() < stop || times.size < 6) {
    meanwhile();
    times.add(BigInt((await json<Snapshot>("/snapshot")).monotonicNs));
    await sleep(50);
  }
  const sorted = [...times].sort((a, b) => (a < b ? -1 : 1));
  const steps = sorted.slice(1).map((time, index) => Number(time - (sorted[index] ?? 0n)) / 1e6);
  return steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? Number.NaN;
}

test("clients that send slowly, hold connections or ask too much do not delay collecting", async () => {
  const port = Number(new URL(url).port);
  const calm = await pace(4, () => {});
  const sockets: Socket[] = [];
  for (let index = 0; index < 50; index++) {
    const socket = createConnection({ host: "127.0.0.1", port }).on("error", () => {});
    socket.write("GET /snapshot HTTP/1.1\r\nHost: localhost\r\nX:");
    sockets.push(socket);
  }
  const beset = await pace(6, () => {
    for (const socket of sockets) if (socket.writable) socket.write("y");
  });
  for (const socket of sockets) socket.destroy();
  // The interval is half a second, and what else this machine does is in both.
  expect(beset).toBeLessThan(1.5 * calm + 250);
});

test("SIGHUP: a new configuration is taken, one with a mistake is not, and both are said", async () => {
  writeFileSync(rules, "rules: [{name: other, figure: secret_share, above: 999%}]\n");
  child.kill("SIGHUP");
  await until("it is read again", async () => log.includes("configuration read again: 1 rule\n") && true);
  expect(seriesValue(await metrics(), "secretscope_alert_firing", { rule: "other" })).toBe(0);
  writeFileSync(config, `${good}listn: 1\n`);
  child.kill("SIGHUP");
  await until("the mistake is said", async () => log.includes("the one before stays in force"));
  expect(log).toContain(`secretscope: ${config}:6:1: the configuration has no "listn"; did you mean listen?`);
  const families = await metrics();
  expect(seriesValue(families, "secretscope_config_last_reload_successful")).toBe(0);
  expect(seriesValue(families, "secretscope_alert_firing", { rule: "other" })).toBe(0);
  for (const line of log.trimEnd().split("\n")) expect(line).toMatch(/^secretscope: /);
});

test("SIGTERM: the probes stop, and it ends with 0", async () => {
  const probes = childrenOf(child.pid);
  expect(probes.length).toBeGreaterThan(0);
  const ended = once(child, "close");
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
  for (const probe of probes) expect(() => process.kill(probe, 0)).toThrow("ESRCH");
});
