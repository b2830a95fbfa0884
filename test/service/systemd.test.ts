/**
 * The unit as it is shipped, run by the systemd of a guest (test/stages/lab.mjs): ready only once it sees, confined as
 * the unit says and still seeing everything, reloaded, started anew when it hangs, stopped without a trace.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import type { Snapshot } from "../../collector/snapshot.ts";
import { capabilities } from "../live/unitFile.ts";
import { childrenOf } from "../processes.mjs";
import { repository } from "../truth/machine.ts";
import { cli, Watch } from "../truth/watch.ts";
import { workload } from "../truth/workload.ts";

const installed = "/opt/secretscope";
const config = "/etc/secretscope/config.yaml";
const good = "listen: 127.0.0.1:19447\ndeliver: {log: yes}\n";
const patienceMs = 240_000;

/** A guest's processor is emulated; everything else stays as the unit has it. */
const slowMachine = `[Service]
TimeoutStartSec=10min
WatchdogSec=40s
TimeoutAbortSec=5s
Environment=SECRETSCOPE_LOOK_SHARE=0.5
Environment="NODE_OPTIONS=--require ${installed}/test/lab/inside/few-translations.cjs"
`;

/** include/uapi/linux/capability.h. */
const bits: Readonly<Record<string, bigint>> = { dac_read_search: 2n, sys_ptrace: 19n, sys_admin: 21n, syslog: 34n };

const systemctl = (...words: string[]) => spawnSync("systemctl", words, { encoding: "utf8", timeout: 900_000 });
const property = (name: string) => systemctl("show", "--value", "--property", name, "secretscope").stdout.trim();
const mainPid = () => Number(property("MainPID"));
const journal = () => execFileSync("journalctl", ["--unit=secretscope", "--output=cat"], { encoding: "utf8" });
/** Each on a connection of its own: while a program is waited for, nobody here hears that the collector closed an idle one. */
const get = async (path: string) => await fetch(`http://127.0.0.1:19447${path}`, { headers: { connection: "close" } });
const snapshot = async () => (await (await get("/snapshot")).json()) as Snapshot;

async function until<Found>(what: string, look: () => Found | false | Promise<Found | false>): Promise<Found> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}\n${journal()}`);
    await sleep(1000);
  }
}

beforeAll(() => {
  // Home directories and /tmp are hidden from the service, and the repository may lie in one of them.
  mkdirSync(installed);
  execFileSync("mount", ["--bind", repository, installed]);
  const command = "/usr/local/bin/secretscope";
  writeFileSync(command, `#!/bin/sh\nexec node ${installed}/dist/tui/cli.js "$@"\n`, { mode: 0o755 });
  mkdirSync("/etc/secretscope");
  writeFileSync(config, good);
  const units = "/etc/systemd/system";
  copyFileSync(join(repository, "docs/deploy/secretscope.service"), `${units}/secretscope.service`);
  mkdirSync(`${units}/secretscope.service.d`);
  writeFileSync(`${units}/secretscope.service.d/slow-machine.conf`, slowMachine);
  expect(systemctl("daemon-reload").status).toBe(0);
});

describe("secretscope.service", () => {
  test("start returns once figures are read, not before", async () => {
    const { status, stderr } = systemctl("start", "secretscope");
    expect(status, `${stderr}${status === 0 ? "" : journal()}`).toBe(0);
    expect(property("ActiveState")).toBe("active");
    expect((await get("/healthz")).status).toBe(200);
    expect((await snapshot()).evidence.why).toEqual([]);
    await until("the journal says so", () => journal().includes("secretscope: evidence is complete"));
  });

  test("it runs under the unit's restrictions", () => {
    const status = readFileSync(`/proc/${mainPid()}/status`, "utf8");
    const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, "m").exec(status)?.[1];
    const bounding = capabilities.reduce((mask, name) => mask | (1n << (bits[name] ?? 63n)), 0n);
    expect(BigInt(`0x${field("CapBnd")}`)).toBe(bounding);
    expect(field("NoNewPrivs")).toBe("1");
    expect(field("Seccomp")).toBe("2");
    const root = readFileSync(`/proc/${mainPid()}/mountinfo`, "utf8")
      .split("\n")
      .map((line) => line.split(" "))
      .find((words) => words[4] === "/");
    expect(root?.[5]?.split(",")).toContain("ro");
  });

  test("and sees what watch sees without them: the same routes, nothing more is blind, pages to the last one", async () => {
    const watch = await Watch.start();
    const { evidence } = await watch.next();
    await watch.finish();
    const here = (await snapshot()).evidence;
    const facts = (each: typeof evidence) => ({ route: each.route, blind: each.blind.map(({ fact }) => fact).sort() });
    expect(facts(here)).toEqual(facts(evidence));
    const work = await workload();
    try {
      const file = await work.secret(3);
      await until("three pages are seen", async () => {
        const { files } = (await snapshot()).secret;
        return files.some(({ inode, residentBytes }) => inode === file.inode && residentBytes === 3 * 4096);
      });
    } finally {
      await work.finish();
    }
  });

  test("CAP_BPF and CAP_PERFMON would not do on this kernel, and doctor knows", () => {
    const kept = ["+bpf", "+perfmon", ...capabilities.filter((name) => name !== "sys_admin").map((name) => `+${name}`)];
    const doctor = [process.execPath, cli, "doctor", "--json"];
    const { stdout } = spawnSync("setpriv", ["--bounding-set", `-all,${kept}`, "--inh-caps=-all", ...doctor], {
      encoding: "utf8",
    });
    const { kernel } = JSON.parse(stdout) as { kernel: { name: string; value: string; limits: string | null }[] };
    expect(kernel.find(({ name }) => name === "BPF")).toMatchObject({
      value: "no",
      limits: expect.stringMatching(/perf events \(EACCES; kernel\.perf_event_paranoid is 3\)/),
    });
  });

  test("a reload with a mistake keeps the configuration before and says where the mistake is", async () => {
    writeFileSync(config, `${good}interval: yesterday\n`);
    expect(systemctl("reload", "secretscope").status).toBe(0);
    await until("the mistake is in the journal", () => /config\.yaml:3/.test(journal()));
    expect((await get("/healthz")).status).toBe(200);
    writeFileSync(config, good);
    expect(systemctl("reload", "secretscope").status).toBe(0);
    await until("it is active again", () => property("ActiveState") === "active");
  });

  test("a collector that hangs is ended by the watchdog and started anew, and leaves no bpftrace behind", async () => {
    const hung = mainPid();
    const probes = childrenOf(hung);
    expect(probes.length).toBeGreaterThan(0);
    process.kill(hung, "SIGSTOP");
    await until("another one runs", () => ![0, hung].includes(mainPid()) && property("ActiveState") === "active");
    expect(property("NRestarts")).toBe("1");
    expect(journal()).toMatch(/[Ww]atchdog timeout/);
    for (const pid of probes) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    expect((await get("/healthz")).status).toBe(200);
  });

  test("stop ends it well and leaves nothing", () => {
    const probes = childrenOf(mainPid());
    expect(systemctl("stop", "secretscope").status).toBe(0);
    expect([property("ActiveState"), property("Result"), property("ExecMainStatus")]).toEqual([
      "inactive",
      "success",
      "0",
    ]);
    for (const pid of probes) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });
});
