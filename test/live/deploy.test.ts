/** The files to take away: rules for Prometheus, a dashboard, a unit for systemd. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Snapshot } from "../../collector/snapshot.ts";
import { secretwork } from "../workload/build.mjs";
import { programs } from "./monitoring.ts";
import { capabilities, confinement, deniedCalls, unitText } from "./unitFile.ts";

const repository = join(import.meta.dirname, "../..");
const deploy = join(repository, "docs/deploy");
const cli = join(repository, "dist/tui/cli.js");

function run(program: string, args: readonly string[], more: { env?: NodeJS.ProcessEnv; cwd?: string } = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", timeout: 60_000, ...more });
  return { status, text: `${stdout}${stderr}`, stdout };
}

describe.skipIf(programs.promtool === undefined)("promtool", () => {
  const promtool = (...words: string[]) => run(programs.promtool ?? "", words, { cwd: deploy });

  test("finds no mistake in the rules, and each fires and ends when it should", () => {
    expect(promtool("check", "rules", "prometheus-rules.yml")).toMatchObject({ status: 0 });
    const { status, text } = promtool("test", "rules", "prometheus-rules.test.yml");
    expect({ status, text }).toMatchObject({ status: 0, text: expect.stringContaining("SUCCESS") });
  });

  test("every rule has its test", () => {
    const rules = readFileSync(join(deploy, "prometheus-rules.yml"), "utf8");
    const tests = readFileSync(join(deploy, "prometheus-rules.test.yml"), "utf8");
    const names = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name = ""]) => name);
    expect(names.length).toBeGreaterThan(12);
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(tests))).toEqual([]);
  });
});

describe.skipIf(run("systemd-analyze", ["--version"]).status !== 0)("the unit for systemd", () => {
  const folder = mkdtempSync(join(tmpdir(), "secretscope-unit-"));
  const unit = join(folder, "secretscope.service");
  let holder: ChildProcess;
  let confined: ReturnType<typeof confinement>;

  beforeAll(async () => {
    confined = confinement(folder);
    writeFileSync(unit, unitText.replace("/usr/local/bin/secretscope", cli));
    chmodSync(folder, 0o755);
    const program = join(folder, "secretwork");
    copyFileSync(secretwork(), program);
    const other = ["--reuid=65534", "--regid=65534", "--clear-groups", program];
    holder = spawn("setpriv", other, { stdio: ["pipe", "pipe", "inherit"] });
    holder.stdin?.write("create\n");
    await once(holder.stdout as NodeJS.ReadableStream, "data");
  });

  afterAll(() => {
    holder?.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  test("has no mistake", () => {
    expect(run("systemd-analyze", ["verify", unit])).toMatchObject({ status: 0, text: "" });
  });

  test("is exposed to 4.0 at most", () => {
    const { status, text } = run("systemd-analyze", [
      "security",
      "--offline=true",
      "--threshold=40",
      "--no-pager",
      unit,
    ]);
    const found = Number(/Overall exposure level for .*: ([\d.]+)/.exec(text)?.[1]);
    expect({ status, found }).toEqual({ status: 0, found: expect.any(Number) });
    expect(found).toBeLessThanOrEqual(4);
  });

  const watch = (words: readonly string[] = []) => {
    const [program = "", ...args] = [...words, process.execPath, cli, "watch", "--once", "--json"];
    const { status, text, stdout } = run(program, args);
    expect(status, text).toBe(0);
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Snapshot;
  };
  const seen = ({ evidence, secret, host }: Snapshot) => ({
    route: evidence.route,
    why: evidence.why.filter((each) => !/could not be looked into/.test(each)),
    blind: evidence.blind.map(({ fact }) => fact),
    accounting: host.accounting,
    holder: secret.holders.some(({ pid }) => pid === holder.pid),
  });

  test("its restrictions take nothing away: the same routes, the same facts, holders of other users", () => {
    const free = seen(watch());
    expect(free.holder).toBe(true);
    expect(seen(watch(confined()))).toEqual(free);
  });

  test("the restrictions are real: what is forbidden fails", () => {
    expect(deniedCalls().length).toBeGreaterThan(60);
    const [program = "", ...args] = confined();
    const status = (...words: string[]) => run(program, [...args, ...words]).status;
    expect(status("true")).toBe(0);
    expect(status("mount", "-t", "tmpfs", "none", "/mnt")).not.toBe(0);
    expect(status("touch", "/etc/secretscope-was-here")).not.toBe(0);
    expect(status("date", "-s", "@0")).not.toBe(0);
    expect(status("chroot", "/", "true")).not.toBe(0);
  });

  test.each(["sys_admin", "sys_ptrace", "dac_read_search"])("CAP_%s is not there for nothing", (name) => {
    expect(capabilities).toContain(name);
    expect(seen(watch(confined(name)))).not.toEqual(seen(watch()));
  });
});
