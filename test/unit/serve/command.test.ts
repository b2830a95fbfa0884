/** `secretscope serve` as far as it goes without looking at the kernel: what it prints, and what it turns down. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readSettings } from "../../../collector/serve/readSettings.ts";

const cli = join(import.meta.dirname, "../../../dist/tui/cli.js");
const folder = mkdtempSync(join(tmpdir(), "secretscope-serve-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

function serve(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, "serve", ...words], { encoding: "utf8" });
  return { status, stdout, stderr };
}
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test("--print-config without a file prints the defaults, as YAML that reads back", () => {
  const { status, stdout, stderr } = serve("--print-config");
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^listen: 127\.0\.0\.1:19447$/m);
  expect(readSettings(stdout, "/").mistakes).toEqual([]);
});

test("--print-config shows the file with the options before it, and no secret", () => {
  const config = file(
    "good.yaml",
    "interval: 5s\ndeliver: {webhook: {url: 'https://x.example.org/hush', token: hush}}\n",
  );
  const words = ["--listen", "[::1]:1", "--route", "procfs", "--per-process", "--rules", "none"];
  const { status, stdout, stderr } = serve("--config", config, ...words, "--print-config");
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).not.toContain("hush");
  const { settings } = readSettings(stdout, "/");
  expect(settings).toMatchObject({
    listen: { host: "::1", port: 1 },
    intervalMs: 5000,
    route: "procfs",
    rules: "none",
    metrics: { processes: 50 },
  });
});

test("mistakes: each with line and column, then what to do, and status 2", () => {
  const config = file("bad.yaml", "intervall: 5s\nmetrics:\n  cgroups: many\n");
  const { status, stdout, stderr } = serve("--config", config);
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr.trimEnd().split("\n")).toEqual([
    `secretscope: ${config}:1:1: the configuration has no "intervall"; did you mean interval?`,
    `secretscope: ${config}:3:12: cgroups is a number from 0 to 300, here is string "many"`,
    `secretscope: ${config} has 2 mistakes; mend it first`,
  ]);
});

test.each([
  [["--config", "/nonexistent.yaml"], "cannot read the configuration"],
  [["--config", "/"], "is no file"],
  [["--config", "/dev/zero"], "is no file"],
  [["--rules", "/nonexistent.yaml"], "cannot read the rules"],
  [["--listen", "9100"], "HOST:PORT"],
  [["--listen", "evil host:1"], "HOST:PORT"],
  [["--interval", "1ms"], "100ms to 1h"],
  [["--listen", "192.0.2.1:19447", "--route", "procfs"], "this machine does not have that address"],
])("%j: one line and status 2", (words, complaint) => {
  const { status, stderr } = serve(...words);
  expect(stderr).toContain(complaint);
  expect(stderr).toMatch(/^secretscope: [^\n]+\n$/);
  expect(status).toBe(2);
});

test("an address that is taken is said before anything is attached", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const { port } = other.address() as AddressInfo;
  const { status, stderr } = serve("--listen", `127.0.0.1:${port}`);
  other.close();
  expect(stderr).toContain(`cannot listen at 127.0.0.1:${port}: something listens there already`);
  expect(status).toBe(2);
});

test("--help teaches, on 80 columns", () => {
  const { status, stdout } = serve("--help");
  expect(status).toBe(0);
  for (const word of ["Examples:", "Exit status:", "SIGHUP", "--print-config", "loopback"])
    expect(stdout).toContain(word);
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});
