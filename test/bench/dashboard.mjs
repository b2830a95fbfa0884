// npm run bench:dashboard: what the screen costs, beside htop at the same refresh, size and number of rows.
//
//   node test/bench/dashboard.mjs [--seconds 20] [--live]
//
// --live adds the real thing: the collector with its probes, and keys pressed while secret pages are faulted.
// htop is installed by `apt-get install -y htop`; without it its rows are left out.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const words = process.argv.slice(2);
const seconds = Number(words[words.indexOf("--seconds") + 1] || 20) || 20;
const size = { columns: 120, rows: 40 };
const folder = mkdtempSync(join(tmpdir(), "bench-dashboard-"));
const server = `bench-dashboard-${process.pid}`;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const tmux = (...more) => execFileSync("tmux", ["-L", server, ...more], { encoding: "utf8" });
const MiB = 2 ** 20;

const at = (values, part) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN;
const ms = (value) => `${value.toFixed(1)} ms`;
const percent = (value) => `${(value * 100).toFixed(1)}%`;
let failed = false;

function row(name, value, limit, within) {
  const verdict = limit === undefined ? "" : within ? `within ${limit}` : `NOT within ${limit}`;
  if (limit !== undefined && !within) failed = true;
  console.log(`  ${name.padEnd(34)} ${value.padStart(12)}   ${verdict}`);
}

/** In a terminal of its own; @returns the pid of what runs there */
function open(command) {
  const pane = ["new-session", "-d", "-x", String(size.columns), "-y", String(size.rows), "-s", "b"];
  tmux("-f", "/dev/null", ...pane, "env", "LANG=C.UTF-8", "TERM=screen-256color", ...command);
  return Number(tmux("display-message", "-p", "-t", "b", "#{pane_pid}"));
}

const close = () => spawnSync("tmux", ["-L", server, "kill-server"], { stdio: "ignore" });

/** user and system time of the process itself, seconds, and its resident memory */
function costOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return {
    cpu: (Number(fields[11]) + Number(fields[12])) / 100,
    rss: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024,
  };
}

async function screen(holders, cpuLimit, rssLimit) {
  const result = join(folder, `${holders}.json`);
  open([
    process.execPath,
    join(repository, "test/bench/dashboard-subject.mjs"),
    String(holders),
    String(seconds),
    result,
  ]);
  const deadline = Date.now() + (seconds + 120) * 1000;
  while (!existsSync(result) && Date.now() < deadline) await sleep(200);
  await sleep(200);
  close();
  const { share, rssBytes, frames, keyMs } = JSON.parse(readFileSync(result, "utf8"));
  console.log(`\nsecretscope, ${holders} holders, a snapshot a second, ${size.columns}x${size.rows}`);
  row("CPU of a core", percent(share), percent(cpuLimit), share < cpuLimit);
  row(
    "resident memory",
    `${(rssBytes / MiB).toFixed(0)} MiB`,
    rssLimit && `${rssLimit} MiB`,
    rssBytes < (rssLimit ?? 0) * MiB,
  );
  for (const [clock, times] of [
    ["", frames.wallMs],
    [", CPU time", frames.cpuMs],
  ]) {
    row(`frame${clock}, median of ${times.length}`, ms(at(times, 0.5)), "16 ms", at(times, 0.5) < 16);
    row(`frame${clock}, 99th percentile`, ms(at(times, 0.99)), "40 ms", at(times, 0.99) < 40);
  }
  row(`key to bytes out, median of ${keyMs.length}`, ms(at(keyMs, 0.5)), "50 ms", at(keyMs, 0.5) < 50);
  row("key to bytes out, worst", ms(at(keyMs, 1)));
}

/** htop shows processes: it gets as many as the screen above has holders. */
async function htop(processes) {
  if (spawnSync("htop", ["--version"]).status !== 0) {
    console.log("\nhtop is not installed: apt-get install -y htop");
    return;
  }
  const crowd = spawn("sh", ["-c", `i=0; while [ $i -lt ${processes} ]; do sleep 900 & i=$((i+1)); done; wait`], {
    detached: true,
  });
  await sleep(3000);
  const pid = open(["htop", "-d", "10"]);
  await sleep(3000);
  const before = costOf(pid);
  const began = performance.now();
  await sleep(seconds * 1000);
  const after = costOf(pid);
  const share = (after.cpu - before.cpu) / ((performance.now() - began) / 1000);
  close();
  process.kill(-crowd.pid, "SIGKILL");
  console.log(`\nhtop -d 10, ${processes} more processes, same size`);
  row("CPU of a core", percent(share));
  row("resident memory", `${(after.rss / MiB).toFixed(0)} MiB`);
}

/** The real command, its probes, and pages faulted as fast as this machine can, by one process a core but one. */
async function live() {
  const { secretwork } = await import("../workload/build.mjs");
  const pid = open([process.execPath, join(repository, "dist/tui/cli.js")]);
  const shows = async (text, limitMs) => {
    const began = performance.now();
    while (!tmux("capture-pane", "-p", "-t", "b").includes(text)) {
      if (performance.now() - began > limitMs) throw new Error(`not shown: ${text}`);
      await sleep(1);
    }
    return performance.now() - began;
  };
  await shows("2 Holders", 60_000);
  await sleep(3000);
  const before = costOf(pid);
  const began = performance.now();
  const pages = 4000;
  const worker = spawn(secretwork(), { stdio: ["pipe", "pipe", "inherit"] });
  // It is ended while it works.
  worker.stdin.on("error", () => {});
  let faulted = 0;
  worker.stdout.on("data", () => {
    faulted += pages;
    worker.stdin.write(`churn 1 ${pages} 1\n`);
  });
  worker.stdin.write(`churn 1 ${pages} 1\n`);
  const times = [];
  for (let press = 0; press < 20; press += 1) {
    tmux("send-keys", "-t", "b", "?");
    times.push(await shows(press % 2 === 0 ? "Keys and words" : "2 Holders", 10_000));
    await sleep(300);
  }
  const elapsed = (performance.now() - began) / 1000;
  const after = costOf(pid);
  worker.kill("SIGKILL");
  tmux("send-keys", "-t", "b", "q");
  await sleep(3000);
  close();
  console.log(
    `\nthe real command while ${Math.round(faulted / elapsed)} secret pages a second are faulted (all that this machine does)`,
  );
  row("key to screen by tmux, median", ms(at(times, 0.5)), "50 ms", at(times, 0.5) < 50);
  row("key to screen by tmux, worst", ms(at(times, 1)));
  row("CPU of a core, collector and screen", percent((after.cpu - before.cpu) / elapsed));
  row("resident memory", `${(after.rss / MiB).toFixed(0)} MiB`);
}

const load = () => `${loadavg()[0].toFixed(1)} processes wanted ${availableParallelism()} cores`;

try {
  console.log(`in the minute before: ${load()}; times below are by the clock, and true on a quiet machine only`);
  await screen(1000, 0.03, 150);
  await screen(5000, 0.08);
  await htop(1000);
  await htop(5000);
  if (words.includes("--live")) await live();
  console.log(`\nin the last minute: ${load()}`);
} finally {
  close();
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
