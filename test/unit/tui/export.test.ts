/** Claim: `secretscope export` writes a file of its owner's, whole or not at all, and says what could not be read. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import type { FormatName } from "../../../collector/publish/export/formats.ts";
import { busyStory, damaged, exported, exportedBytes, pagesStory, recorded } from "../publish/export/exported.ts";
import { scratch } from "../trace/recorded.ts";

const cli = join(import.meta.dirname, "../../../dist/tui/cli.js");

function secretscope(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, "export", ...words], { encoding: "utf8" });
  return { status, stdout, stderr };
}

test.each<FormatName>(["jsonl", "csv", "perfetto", "folded"])(
  "%s: the same on standard output and in a file",
  async (to) => {
    const path = await recorded(busyStory().story);
    const out = join(dirname(path), "out");
    const whole = exportedBytes(path, to);
    expect(whole.length).toBeGreaterThan(100);
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, "export", path, "--to", to]);
    expect([status, stderr.toString()]).toEqual([0, ""]);
    expect(stdout).toEqual(whole);
    expect(secretscope(path, "--to", to, "-o", out)).toMatchObject({ status: 0, stdout: "" });
    expect(readFileSync(out)).toEqual(whole);
    expect(statSync(out).mode & 0o777).toBe(0o600);
  },
);

test("single pages: who leaves them out says so, and who has none to show", async () => {
  const detailed = await recorded(pagesStory().story);
  const said = (to: FormatName, path = detailed) => secretscope(path, "--to", to);
  for (const to of ["csv", "perfetto", "folded"] as const) {
    const leaves = `secretscope: ${to} leaves out single pages; --to pages or --to jsonl has them\n`;
    expect(said(to)).toEqual({ status: 0, stdout: exported(detailed, to), stderr: leaves });
  }
  for (const to of ["jsonl", "pages"] as const) {
    expect(said(to)).toEqual({ status: 0, stdout: exported(detailed, to), stderr: "" });
  }
  const plain = await recorded(busyStory().story);
  expect(said("pages", plain)).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^time,[^\n]*\n$/),
    stderr: expect.stringMatching(/no single pages are in .*: record --detail page writes them\n$/),
  });
});

test("a file that is there stays, unless --overwrite; the recording itself always does", async () => {
  const path = await recorded(busyStory().story);
  const out = join(dirname(path), "out");
  const link = join(dirname(path), "link");
  writeFileSync(out, "mine", { mode: 0o644 });
  symlinkSync(out, link);
  const refused = secretscope(path, "--to", "csv", "-o", out);
  expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining("is there already") });
  expect(secretscope(path, "--to", "csv", "-o", link, "--overwrite").status).toBe(2);
  expect(readFileSync(out, "utf8")).toBe("mine");
  const recording = readFileSync(path);
  expect(secretscope(path, "--to", "csv", "-o", path, "--overwrite").stderr).toContain("the recording itself");
  expect(readFileSync(path)).toEqual(recording);
  expect(secretscope(path, "--to", "csv", "-o", out, "--overwrite").status).toBe(0);
  expect(readFileSync(out, "utf8")).toBe(exported(path, "csv"));
  expect(statSync(out).mode & 0o777).toBe(0o600);
  expect(readdirSync(dirname(path)).sort()).toEqual(["link", "out", "trace.arrows"]);
});

test("damage is named, with status 1, and the rest is exported", () => {
  const path = damaged(busyStory().story.events);
  const { status, stdout, stderr } = secretscope(path, "--to", "jsonl");
  expect(status).toBe(1);
  expect(stdout).toBe(exported(path, "jsonl"));
  expect(stderr).toMatch(/^secretscope: from .* to .* batch 2 cannot be read: its checksum does not match\n$/);
});

/** More than a pipe takes at once. */
async function longRecording(): Promise<string> {
  const { story } = busyStory();
  for (let turn = 0; turn < 5000; turn++) story.lost("lines", 1);
  return await recorded(story);
}

test("a reader that leaves early ends it in silence", async () => {
  const child = spawn(process.execPath, [cli, "export", await longRecording(), "--to", "jsonl"]);
  let complaint = "";
  child.stderr.on("data", (data) => (complaint += data));
  child.stdout.once("data", () => child.stdout.destroy());
  const [status] = await once(child, "close");
  expect({ status, complaint }).toEqual({ status: 0, complaint: "" });
});

test("Ctrl-C is heard while a reader takes nothing", async () => {
  const child = spawn(process.execPath, [cli, "export", await longRecording(), "--to", "jsonl"]);
  let complaint = "";
  child.stderr.on("data", (data) => (complaint += data));
  // Something was written, and nothing more is taken: from here on it waits.
  await once(child.stdout, "readable");
  child.kill("SIGINT");
  const [status] = await once(child, "exit");
  expect({ status, complaint }).toEqual({ status: 2, complaint: expect.stringContaining("stopped before its end") });
});

test.each([
  [["--to", "csv"], "missing required argument 'file'"],
  [["x.arrows"], "required option '--to <format>' not specified"],
  [["x.arrows", "--to", "xml"], "Allowed choices are jsonl, csv, pages, perfetto, folded"],
  [["x.arrows", "--to", "csv", "--overwrite"], "--overwrite needs --output"],
])("%j is wrong usage", (words, complaint) => {
  const { status, stderr } = secretscope(...words);
  expect(stderr).toContain(complaint);
  expect(stderr).toMatch(/^secretscope: [^\n]*secretscope export --help tells more\n$/);
  expect(status).toBe(2);
});

test("help teaches, on 80 columns", () => {
  const { status, stdout } = secretscope("--help");
  expect(status).toBe(0);
  for (const word of ["Examples:", "Formats:", "Exit status:"]) expect(stdout).toContain(word);
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});

test("a place that cannot be written to leaves nothing behind", async () => {
  const path = await recorded(busyStory().story);
  const directory = scratch();
  const { status, stderr } = secretscope(path, "--to", "csv", "-o", join(directory, "none", "out.csv"));
  expect(status).toBe(2);
  expect(stderr).toContain("there is no directory");
  expect(readdirSync(directory)).toEqual([]);
});
