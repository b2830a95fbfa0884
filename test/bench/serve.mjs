// npm run bench:serve: what the headless service costs, beside node_exporter, scraped alike in the same run.
//
//   node test/bench/serve.mjs [--seconds 60] [--hour] [--live]
//
// 1000 holders, 200 rules, a snapshot a second, a scrape every 5 s. --hour adds an hour of snapshots, told as fast as
// they are taken: memory must stay flat. --live adds the real command with its probes, and 1000 real processes that hold
// secret memory (root). node_exporter: apt-get install -y prometheus-node-exporter; without it its rows are left out.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { childrenOf } from "../processes.mjs";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const words = process.argv.slice(2);
const seconds = Number(words[words.indexOf("--seconds") + 1] || 60) || 60;
const holders = 1000;
const rules = 200;
const scrapeMs = 5000;
const MiB = 2 ** 20;
const folder = mkdtempSync(join(tmpdir(), "bench-serve-"));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const children = new Set();
let failed = false;

function row(name, value, limit, within) {
  if (limit !== undefined && !within) failed = true;
  const verdict = limit === undefined ? "" : within ? `within ${limit}` : `NOT within ${limit}`;
  console.log(`  ${name.padEnd(34)} ${value.padStart(12)}   ${verdict}`);
}

function start(command, args, stdio) {
  const child = spawn(command, args, { stdio });
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}

async function end(child) {
  if (child.exitCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

/** CPU seconds and resident bytes of a process and of its children (bpftrace is one). */
function costOf(pid) {
  const one = (each) => {
    const stat = readFileSync(`/proc/${each}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${each}/status`, "utf8"))?.[1] ?? 0) * 1024;
    return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, rss };
  };
  const own = one(pid);
  const of = childrenOf(pid).map(one);
  return {
    own,
    children: of.reduce((sum, each) => ({ cpu: sum.cpu + each.cpu, rss: sum.rss + each.rss }), { cpu: 0, rss: 0 }),
  };
}

/** One scrape as Prometheus makes it. @returns ms until the last byte, bytes, series */
async function scrape(url) {
  const began = performance.now();
  const answer = await fetch(url, {
    headers: { accept: "application/openmetrics-text;version=1.0.0,text/plain;q=0.5" },
  });
  const text = await answer.text();
  const ms = performance.now() - began;
  if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${text.slice(0, 200)}`);
  return {
    ms,
    bytes: text.length,
    series: text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length,
  };
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** @param limits undefined: only shown */
async function measure(title, url, pid, limits) {
  await scrape(url);
  await sleep(3000);
  const before = costOf(pid);
  const began = performance.now();
  const scrapes = [];
  while (performance.now() - began < seconds * 1000) {
    await sleep(scrapeMs);
    scrapes.push(await scrape(url));
  }
  const elapsed = (performance.now() - began) / 1000;
  const after = costOf(pid);
  const share = (after.own.cpu - before.own.cpu) / elapsed;
  const last = scrapes.at(-1);
  const scrapeTime = median(scrapes.map(({ ms }) => ms));
  console.log(`\n${title}`);
  row("CPU of a core", `${(share * 100).toFixed(2)}%`, limits && "2%", share < 0.02);
  row("resident memory", `${(after.own.rss / MiB).toFixed(0)} MiB`, limits && "150 MiB", after.own.rss < 150 * MiB);
  if (after.children.rss > 0) {
    const theirs = (after.children.cpu - before.children.cpu) / elapsed;
    row(
      "bpftrace beside it: CPU, memory",
      `${(theirs * 100).toFixed(2)}%, ${(after.children.rss / MiB).toFixed(0)} MiB`,
    );
  }
  row(`scrape, median of ${scrapes.length}`, `${scrapeTime.toFixed(1)} ms`, limits && "20 ms", scrapeTime < 20);
  row("scrape, worst", `${Math.max(...scrapes.map(({ ms }) => ms)).toFixed(1)} ms`);
  row("series, bytes a scrape", `${last.series}, ${last.bytes}`);
}

/** Rules over all figures that do not fire, so that what is measured is the judging. */
function configuration() {
  const figures = ["splits_per_minute", "direct_map_4k_share", "secret_share", "secret_share_of_user"];
  const more = ["secret_share_of_cgroup", "memlock_share", "refusals_per_minute", "unheld_bytes", "futile_oom_kills"];
  const all = [...figures, ...more];
  const list = Array.from({ length: rules }, (_, index) => {
    const figure = all[index % all.length];
    const above = /share/.test(figure) ? "999%" : 1e12;
    return `  - {name: rule-${index}, figure: ${figure}, above: ${above}, for: 5m, message: "{host} {value} {who}"}`;
  });
  writeFileSync(join(folder, "rules.yaml"), `rules:\n${list.join("\n")}\n`);
  const path = join(folder, "config.yaml");
  writeFileSync(path, "listen: 127.0.0.1:0\nrules: rules.yaml\nmetrics: {cgroups: 50, users: 50}\n");
  return path;
}

async function subject(config, everyMs) {
  const args = [join(repository, "test/bench/serve-subject.mjs"), config, String(holders), String(everyMs)];
  const child = start(process.execPath, args, ["pipe", "pipe", "ignore"]);
  const [line] = await once(child.stdout, "data");
  return { child, url: `${JSON.parse(String(line)).url}/metrics` };
}

async function replayedRun(config) {
  const { child, url } = await subject(config, 1000);
  await measure(`secretscope serve: ${holders} holders, ${rules} rules, replayed`, url, child.pid, true);
  await end(child);
}

/** 3600 snapshots; memory is looked at after each tenth. */
async function hour(config) {
  const everyMs = 25;
  const { child, url } = await subject(config, everyMs);
  const sizes = [];
  for (let tenth = 0; tenth < 10; tenth++) {
    const until = performance.now() + 360 * everyMs;
    while (performance.now() < until) {
      await scrape(url);
      await sleep(5 * everyMs);
    }
    sizes.push(costOf(child.pid).own.rss / MiB);
  }
  await end(child);
  console.log("\nan hour of snapshots, scraped each 5 of its seconds");
  const [early, late] = [Math.max(...sizes.slice(1, 4)), Math.max(...sizes.slice(-3))];
  row("resident memory by tenths", sizes.map((size) => size.toFixed(0)).join(" "));
  row("last three above early three", `${(late - early).toFixed(0)} MiB`, "15 MiB", late - early < 15);
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

async function nodeExporter() {
  const name = ["prometheus-node-exporter", "node_exporter"].find(
    (each) => spawnSync(each, ["--version"]).status === 0,
  );
  if (name === undefined) {
    console.log("\nnode_exporter is not installed: apt-get install -y prometheus-node-exporter");
    return;
  }
  const port = await freePort();
  const child = start(name, [`--web.listen-address=127.0.0.1:${port}`], "ignore");
  await sleep(1000);
  await measure("node_exporter, as Debian starts it", `http://127.0.0.1:${port}/metrics`, child.pid);
  await end(child);
}

/** The real command, while a tree of real processes shares one secret file and each has one of its own. */
async function live(config) {
  const { secretwork } = await import("../workload/build.mjs");
  const worker = start(secretwork(), [], ["pipe", "pipe", "inherit"]);
  const ask = async (request) => {
    worker.stdin.write(`${request}\n`);
    const [answer] = await once(worker.stdout, "data");
    if (!String(answer).startsWith("ok")) throw new Error(`secretwork: ${request}: ${answer}`);
    return String(answer);
  };
  // Root may raise it nearly everywhere; where it may not, it is exempt.
  await ask("memlock -1").catch(() => {});
  const file = /file=(\d+)/.exec(await ask("create 0"))?.[1];
  for (const request of [`size ${file} 16`, `map ${file}`, `touch ${file} 0 16`]) await ask(request);
  // A process has at most 32 children.
  for (let index = 0; index < holders - 1; index++) {
    const [parent, child] = [index % 32, Math.floor(index / 32)];
    await ask(child === 0 ? `fork h${parent}` : `@h${parent} fork c${child}`);
  }
  const child = start(
    process.execPath,
    [join(repository, "dist/tui/cli.js"), "serve", "--config", config],
    ["ignore", "ignore", "pipe"],
  );
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    log += text;
  });
  let url;
  const deadline = performance.now() + 120_000;
  while (url === undefined) {
    await sleep(500);
    const found = /listening at (\S+)/.exec(log)?.[1];
    const isReady = found !== undefined && (await fetch(`${found}/healthz`)).status === 200;
    if (isReady) url = `${found}/metrics`;
    if (performance.now() > deadline) throw new Error(`it did not begin: ${log}`);
  }
  await sleep(10_000);
  await measure(`secretscope serve: ${holders} real holders, ${rules} rules, probes attached`, url, child.pid, true);
  await end(child);
  worker.kill("SIGKILL");
}

const load = () => `${loadavg()[0].toFixed(1)} processes wanted ${availableParallelism()} cores`;

try {
  console.log(`in the minute before: ${load()}; times below are by the clock, and true on a quiet machine only`);
  const config = configuration();
  await replayedRun(config);
  await nodeExporter();
  if (words.includes("--hour")) await hour(config);
  if (words.includes("--live")) await live(config);
  console.log(`\nin the last minute: ${load()}`);
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
