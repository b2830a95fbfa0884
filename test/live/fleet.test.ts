/**
 * What a fleet's monitoring makes of `secretscope serve`: a real Prometheus scrapes it and judges the rules to take away,
 * a real Alertmanager pages, and the dashboard's queries have data. Others may hold secret memory here meanwhile.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { missingPrograms } from "../../.ci/unpacked-packages.mjs";
import type { Snapshot } from "../../collector/snapshot.ts";
import { MemoryCgroup } from "../truth/cgroups.ts";
import { freeBytes } from "../truth/kernelFigures.ts";
import { pageBytes } from "../truth/machine.ts";
import { splitting } from "../truth/splitting.ts";
import { Gone, Workload } from "../truth/workload.ts";
import { Hooks } from "../unit/alerts/delivery/hooks.ts";
import { dashboardQueries, metricsIn, ruleGroups, shortened } from "./deployFiles.ts";
import { alertmanager, freePort, prometheus, type Server, until } from "./monitoring.ts";

const cli = join(import.meta.dirname, "../../dist/tui/cli.js");
const missing = missingPrograms();
const reason = missing.length === 0 ? "" : ` (not here: ${missing.join(", ")}; npm test unpacks them)`;
const mebibyte = 2 ** 20;
/** Twice what the rule allows in the ten seconds that its minutes are shortened to. */
const burst = { splits: 24, withinMs: 5000 };
/** Figures that this kernel does not have: it was not told to measure probes, or never puts mappings together. */
const absentHere: readonly string[] = [
  { name: "secretscope_self_probe_seconds_per_event", path: "/proc/sys/kernel/bpf_stats_enabled", has: /^1/ },
  { name: "secretscope_direct_map_kernel_collapses_total", path: "/proc/vmstat", has: /^direct_map_level2_collapses/m },
].flatMap(({ name, path, has }) => (has.test(readFileSync(path, "utf8")) ? [] : [name]));

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** The newest snapshots by their time, so that a scrape can be compared with the one that it was made from. */
class Snapshots {
  readonly #url: string;
  readonly #recent = new Map<number, Snapshot>();
  constructor(url: string) {
    this.#url = url;
  }
  async look(): Promise<Snapshot> {
    const snapshot = (await (await fetch(`${this.#url}/snapshot`)).json()) as Snapshot;
    this.#recent.set(Date.parse(snapshot.time), snapshot);
    return snapshot;
  }
  at(ms: number): Snapshot | undefined {
    return this.#recent.get(ms);
  }
}

describe.skipIf(missing.length > 0 && process.env.CI !== "true")(`serve, Prometheus, Alertmanager${reason}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "secretscope-fleet-"));
  let pager: Hooks;
  let alerts: Server;
  let metrics: Server;
  let served: ChildProcess;
  let worker: Workload;
  let cgroup: MemoryCgroup;
  let snapshots: Snapshots;
  let url: string;
  let log = "";
  /** By the worker, bytes. */
  let held: number;

  const query = async (expression: string, time = Date.now() / 1000) => {
    const words = new URLSearchParams({ query: expression, time: String(time) });
    return (await metrics.get<{ data: { result: readonly Series[] } }>(`/api/v1/query?${words}`)).data.result;
  };
  const exposed = async () => new Set((await (await fetch(`${url}/metrics`)).text()).match(/^secretscope_\w+/gm));
  const paged = (name: string) =>
    pager.requests
      .map(({ body }) => JSON.parse(body) as { alerts: { status: string; labels: Record<string, string> }[] })
      .flatMap(({ alerts: all }) => all.filter(({ labels }) => labels.alertname === name).map(({ status }) => status));
  const active = async (name: string) =>
    (await alerts.get<{ labels: Record<string, string> }[]>("/api/v2/alerts?active=true")).filter(
      ({ labels }) => labels.alertname === name,
    ).length;

  beforeAll(async () => {
    pager = await Hooks.open();
    worker = await Workload.start();
    // Of its own, so that what it holds is told apart from what others hold; its limit is no limit.
    cgroup = MemoryCgroup.open(Math.floor(freeBytes() / pageBytes));
    cgroup.add(worker);
    const [servePort, alertPort, metricPort] = [await freePort(), await freePort(), await freePort()];
    url = `http://127.0.0.1:${servePort}`;
    snapshots = new Snapshots(url);
    alerts = await alertmanager(alertPort, pager.url).start();
    const config = join(folder, "config.yaml");
    writeFileSync(
      config,
      `listen: 127.0.0.1:${servePort}
rules: rules.yaml
metrics: { processes: 100 }
deliver: { alertmanager: { name: am, url: "http://127.0.0.1:${alertPort}", resend: 5s } }
`,
    );
    writeFileSync(join(folder, "rules.yaml"), "rules: [{ name: never, figure: secret_share, above: 99% }]\n");
    served = spawn(process.execPath, [cli, "serve", "--config", config], { stdio: ["ignore", "ignore", "pipe"] });
    served.stderr?.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
    await until("serve has figures", async () => {
      if (served.exitCode !== null) throw new Error(`serve ended: ${log}`);
      return fetch(`${url}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
    });
    metrics = await prometheus(metricPort, [`127.0.0.1:${servePort}`], {
      rules: stringify({ groups: shortened(ruleGroups) }),
      alertmanager: `127.0.0.1:${alertPort}`,
    }).start();
  });

  afterAll(async () => {
    await worker?.finish();
    cgroup?.remove();
    if (served !== undefined && served.exitCode === null) {
      served.kill("SIGTERM");
      await once(served, "exit");
    }
    await metrics?.close();
    await alerts?.close();
    await pager?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A rule of serve's own that only the worker can make fire: half a gibibyte more than any cgroup holds now. */
  async function ownRule(): Promise<number> {
    const { secret, host } = await snapshots.look();
    const held = new Map<string | null, number>();
    for (const { cgroup: path, proportionalBytes } of secret.holders)
      held.set(path, (held.get(path) ?? 0) + (proportionalBytes ?? 0));
    const most = Math.max(0, ...held.values());
    const share = (more: number) => ((most + more * mebibyte) / host.memoryBytes).toFixed(9);
    writeFileSync(
      join(folder, "rules.yaml"),
      `rules:
  - { name: one-cgroup, figure: secret_share_of_cgroup, above: ${share(512)}, clear: { at: ${share(256)}, for: 1s } }
`,
    );
    served.kill("SIGHUP");
    await until(
      "the rule is in force",
      async () => (await query('secretscope_alert_firing{rule="one-cgroup"}')).length > 0,
    );
    return most + 640 * mebibyte;
  }

  test("splits page through Prometheus, secret memory through serve itself", async () => {
    const least = await ownRule();
    await until("Prometheus has scraped", async () => (await query("secretscope_route_info")).length > 0);
    await expect(worker.create(0x40)).rejects.toMatchObject({ code: "EINVAL" });
    const victim = await worker.fork("victim");
    MemoryCgroup.create(16_384).add(victim);
    await expect(victim.eat(20_000)).rejects.toBeInstanceOf(Gone);
    held = await splitting(worker, least, burst);
    await until("Prometheus fires", async () => (await active("DirectMapSplits")) === 1);
    await until("serve fires", async () => (await active("one-cgroup")) === 1);
    await until("both page", async () => ["DirectMapSplits", "one-cgroup"].every((name) => paged(name).length > 0));
  });

  test("Prometheus has the figures of the snapshot that it scraped", async () => {
    const { now, time } = await until("a scrape of a snapshot that was seen, settled", async () => {
      await snapshots.look();
      // So long ago that no scrape of then is still under way (each may take a second): all queries see the same one.
      const at = Date.now() / 1000 - 1.5;
      const [scraped] = await query("secretscope_last_snapshot_timestamp_seconds", at);
      const seen = snapshots.at(Math.round(Number(scraped?.value[1]) * 1000));
      const causes = await query('sum(secretscope_direct_map_splits_total{cause="secretmem"})', at);
      // A split gets its level with the next reading, and a holder its size with the next look at /proc.
      if (seen === undefined || Number(causes[0]?.value[1]) !== splitsOf(seen)) return false;
      const mine = seen.secret.holders.find(({ pid }) => pid === worker.pid);
      return mine?.proportionalBytes === held && { now: seen, time: at };
    });
    const { secret, host, directMap, oom } = now;
    const heldByAll = secret.holders.reduce((sum, { proportionalBytes }) => sum + (proportionalBytes ?? 0), 0);
    const pairs: readonly (readonly [string, number | null])[] = [
      ["secretscope_secret_memory_bytes", secret.residentBytes],
      ["secretscope_secret_memory_unheld_bytes", secret.unheldBytes],
      ["secretscope_secret_memory_charged_without_holder_bytes", chargedMost(secret)],
      ["secretscope_holders", secret.holders.length],
      ["secretscope_secret_files", secret.files.length],
      ["sum(secretscope_process_secret_memory_bytes)", heldByAll],
      ["sum(secretscope_user_secret_memory_bytes)", heldByAll],
      ["sum(secretscope_cgroup_secret_memory_bytes)", heldByAll],
      ["secretscope_host_memory_bytes", host.memoryBytes],
      ["sum(secretscope_refusals_total)", secret.refusals.reduce((sum, { count }) => sum + count, 0)],
      ["secretscope_kernel_oom_kills_total", oom.kills],
      ...(["4k", "2m", "1g"] as const).map(
        (size) => [`secretscope_direct_map_bytes{page_size="${size}"}`, directMap.bytes[size]] as const,
      ),
      ...(["2m", "1g"] as const).map(
        (level) => [`secretscope_direct_map_kernel_splits_total{level="${level}"}`, directMap.splits[level]] as const,
      ),
    ];
    const found: (readonly [string, number | null])[] = [];
    for (const [expression] of pairs) {
      const [series] = await query(expression, time);
      found.push([expression, series === undefined ? null : Number(series.value[1])]);
    }
    expect(found).toEqual(pairs);
    // Who came has a series of its own after ten seconds, with just what it holds.
    const own = `secretscope_process_secret_memory_bytes{pid="${worker.pid}"}`;
    await until("the worker has a series", async () => Number((await query(own))[0]?.value[1]) === held);
    const ofCgroup = `secretscope_cgroup_secret_memory_bytes{cgroup="${cgroup.path}"}`;
    expect(Number((await query(ofCgroup))[0]?.value[1])).toBe(held);
  });

  test("every query of the dashboard has data", async () => {
    const empty = async () => {
      const found = [];
      for (const [title, expression] of dashboardQueries) {
        const isHere = !metricsIn(expression).some((name) => absentHere.includes(name));
        if (isHere && (await query(expression)).length === 0) found.push(`${title}: ${expression}`);
      }
      return found;
    };
    let last: string[] = [];
    await until("data for each", async () => {
      last = await empty();
      return last.length === 0;
    }).catch(() => expect(last).toEqual([]));
  });

  test("every metric of the dashboard and of the rules is one that serve has", async () => {
    const names = new Set([...(await exposed()), ...absentHere]);
    const used = [
      ...dashboardQueries.map(([, expression]) => expression),
      ...ruleGroups.flatMap(({ rules }) => rules.map(({ expr }) => expr)),
    ].flatMap((expression) => metricsIn(expression));
    expect(new Set(used).size).toBeGreaterThan(30);
    expect(used.filter((name) => !names.has(name))).toEqual([]);
  });

  test("Prometheus judges every rule without an error", async () => {
    interface Judged {
      readonly name: string;
      readonly health: string;
      readonly lastError?: string;
    }
    const { groups } = (await metrics.get<{ data: { groups: { rules: Judged[] }[] } }>("/api/v1/rules")).data;
    const all = groups.flatMap(({ rules }) => rules);
    const names = ruleGroups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
    expect(all.map(({ name }) => name).sort()).toEqual(names.sort());
    expect(all.filter(({ health, lastError }) => health !== "ok" || lastError)).toEqual([]);
  });

  test("when it is over both are resolved, and each was paged once", async () => {
    await worker.finish();
    for (const name of ["DirectMapSplits", "one-cgroup"]) {
      await until(`${name} is over`, async () => (await active(name)) === 0);
      await until(`${name} is said to be over`, async () => paged(name).length >= 2);
      expect(paged(name), name).toEqual(["firing", "resolved"]);
    }
  });
});

const splitsOf = ({ splitCauses }: Snapshot) =>
  splitCauses.reduce((sum, { cause, count, own }) => sum + (cause === "secretmem" && !own ? count : 0), 0);

/** null: of some it is not known who pays. */
const chargedMost = ({ charges }: Snapshot["secret"]) =>
  charges === null || charges.some(({ cgroup }) => cgroup === null)
    ? null
    : Math.max(0, ...charges.map(({ withoutHolderBytes }) => withoutHolderBytes ?? 0));
