/** Claim: `secretscope demo` plays a real recording for anybody: without rights, without bpftrace, without /proc. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const cli = join(import.meta.dirname, "../../../dist/tui/cli.js");
const note = "secretscope: this is a recording of another machine, not of this one\n";
/** Without any capability, also where root runs the tests: then nothing can be attached or read of others. */
const powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"];
/** No bpftrace is found there. */
const environment = { PATH: "/nonexistent", TZ: "UTC" };

function demo(...words: string[]) {
  const [command = "", ...rest] = [...(process.getuid?.() === 0 ? powerless : []), process.execPath, cli, "demo"];
  const found = existsSync(`/usr/bin/${command}`) ? `/usr/bin/${command}` : command;
  const { status, stdout, stderr } = spawnSync(found, [...rest, ...words], {
    encoding: "utf8",
    env: environment,
    maxBuffer: 64 << 20,
  });
  return { status, stdout, stderr };
}

test("demo --json | tail -1: what the story ends with", () => {
  const { status, stdout, stderr } = demo("--json");
  expect({ status, stderr }).toEqual({ status: 0, stderr: note });
  const last = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  expect(last.host).toMatchObject({ name: "debian13", kernel: expect.stringMatching(/^6\.12\./) });
  expect(last.oom.recent).toHaveLength(2);
  expect(last.evidence.gaps.length).toBeGreaterThanOrEqual(1);
  const causes = last.splitCauses.map(({ cause }: { cause: string }) => cause);
  expect(causes).toEqual(expect.arrayContaining(["secretmem", "module", "bpf"]));
});

test("in a pipe it prints as watch does, sample by sample, and ends", () => {
  const { status, stdout, stderr } = demo();
  expect({ status, stderr }).toEqual({ status: 0, stderr: note });
  const blocks = stdout.split("\n\n");
  expect(blocks.length).toBeGreaterThan(60);
  for (const word of [/^direct map /m, /vault/]) expect(stdout).toMatch(word);
  // Nothing begins again: time goes one way.
  const times = blocks.map((block) => block.slice(0, 19));
  expect(times).toEqual(times.toSorted());
}, 60_000);

test("one moment of it", () => {
  const { status, stdout } = demo("--at", "+20s");
  expect(status).toBe(0);
  expect(stdout).toContain("debian13");
});

describe.runIf(process.getuid?.() === 0)("as root, which can hide things", () => {
  test("with nothing in /proc and /sys, as on a machine that is no Linux", () => {
    const script = 'mount -t tmpfs none /sys && mount -t tmpfs none /proc && exec "$@"';
    const words = ["-m", "sh", "-c", script, "sh", process.execPath, cli, "demo", "--json"];
    const { status, stdout, stderr } = spawnSync("unshare", words, { encoding: "utf8", maxBuffer: 64 << 20 });
    expect({ status, stderr }).toEqual({ status: 0, stderr: note });
    expect(stdout).toBe(demo("--json").stdout);
  }, 60_000);
});
