/**
 * Claims: reports and exports of a file from the middle of a recording say what was shown live while it was written,
 * and tools that know nothing of secretscope read them: polars, SQLite, jq.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pl from "nodejs-polars";
import { afterAll, expect, test } from "vitest";
import type { Report } from "../../collector/publish/report/report.ts";
import type { Snapshot } from "../../collector/snapshot.ts";
import { TraceFile } from "../../collector/trace/traceFile.ts";
import { type Rotated, rotated } from "./rotated.ts";

const cli = join(import.meta.dirname, "../../dist/tui/cli.js");
const folders = new Set<string>();
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

async function recording(): Promise<Rotated> {
  const made = await rotated();
  folders.add(made.folder);
  return made;
}

function run(command: string, words: readonly string[], input = "") {
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    encoding: "utf8",
    input,
    timeout: 60_000,
    maxBuffer: 1 << 28,
  });
  if (error) throw error;
  return { status, stdout, stderr };
}
const secretscope = (...words: string[]) => run(process.execPath, [cli, ...words]);

async function exported(format: string) {
  const { path, folder, lived } = await recording();
  const output = join(folder, `out.${format}`);
  const { status, stdout, stderr } = secretscope("export", path, "--to", format, "-o", output, "--overwrite");
  expect([status, stdout]).toEqual([0, ""]);
  expect(stderr).toContain("exported to");
  return { output, lived };
}

const lastOf = (lived: readonly Snapshot[]) => lived.at(-1) as Snapshot;

test("the second file replays as it was shown, from its first sample to its last", async () => {
  const { path, lived } = await recording();
  expect(lived.length).toBeGreaterThan(3);
  const { status, stdout } = secretscope("replay", path, "--json");
  expect(status).toBe(0);
  expect(
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual(lived);
});

test("its report has the period of this file alone, and the figures of its end", async () => {
  const { path, lived } = await recording();
  const { status, stdout } = secretscope("report", path, "--json");
  expect(status).toBe(0);
  const report: Report = JSON.parse(stdout);
  const last = lastOf(lived);
  expect(report.period.samples).toBe(lived.length);
  expect(report.recording).toEqual({ end: "whole", damage: [] });
  expect(report.directMap.end).toEqual(last.directMap.bytes);
  expect(report.secret.endBytes).toBe(last.secret.residentBytes);
  expect(report.secret.holders).toBeGreaterThanOrEqual(1);
  // Splits of the files before are no news here.
  expect(report.splits.kernel).toBeLessThanOrEqual(
    (last.directMap.splits["2m"] ?? 0) - (lived[0]?.directMap.splits["2m"] ?? 0) + splitsBetween(lived),
  );
  const text = secretscope("report", path);
  expect(text.status).toBe(0);
  expect(text.stdout).toMatch(/^period .*samples\)$/m);
  expect(text.stdout).toContain("whole, nothing damaged");
});

/** At most what one sample moved, for the one that the checkpoint was made after. */
const splitsBetween = (lived: readonly Snapshot[]) =>
  Math.max(
    ...lived.map(
      ({ directMap }, at) =>
        (directMap.splits["2m"] ?? 0) - (lived[at - 1]?.directMap.splits["2m"] ?? directMap.splits["2m"] ?? 0),
    ),
  );

test.each([
  ["its checkpoint", 0],
  ["a batch in its middle", 2],
])("with %s damaged, the report says which part and goes on", async (_, index) => {
  const { path, folder } = await recording();
  const file = new TraceFile(path);
  const place = file.batches[index];
  file.close();
  const bytes = readFileSync(path);
  const at = (place?.columns.offset ?? 0) + (place?.columns.headLength ?? 0) + ((place?.columns.bodyLength ?? 0) >> 1);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  const damaged = join(folder, `damaged-${index}.arrows`);
  writeFileSync(damaged, bytes);
  const { status, stdout, stderr } = secretscope("report", damaged, "--json");
  expect([status, stderr]).toEqual([1, ""]);
  const report: Report = JSON.parse(stdout);
  expect(report.recording.damage).toMatchObject([{ batch: index + 1, reason: "its checksum does not match" }]);
  expect(report.evidence.gaps.length).toBeGreaterThan(0);
  expect(report.period.samples).toBeGreaterThan(0);
  expect(secretscope("report", damaged).stdout).toMatch(
    /1 part cannot be read[\s\S]*damaged\s+from[\s\S]*its\s+checksum/,
  );
  for (const format of ["jsonl", "csv", "perfetto", "folded"]) {
    const { status: each, stdout: out, stderr: said } = secretscope("export", damaged, "--to", format);
    expect([format, each]).toEqual([format, 1]);
    // Nothing may have been split.
    if (format !== "folded") expect(out.length).toBeGreaterThan(0);
    expect(said).toContain("its checksum does not match");
  }
});

test("csv opens in polars with a row for each sample", async () => {
  const { output, lived } = await exported("csv");
  const frame = pl.readCSV(output);
  expect(frame.height).toBe(lived.length);
  expect(frame.getColumn("monotonic_ns").toArray().map(String)).toEqual(lived.map(({ monotonicNs }) => monotonicNs));
  expect(frame.getColumn("secret_resident_bytes").toArray()).toEqual(lived.map(({ secret }) => secret.residentBytes));
  expect(frame.getColumn("splits_2m_since_boot").toArray()).toEqual(
    lived.map(({ directMap }) => directMap.splits["2m"]),
  );
});

test("csv opens in SQLite", async () => {
  const { output, lived } = await exported("csv");
  const sums = "select count(*), sum(secret_resident_bytes), sum(holders), max(monotonic_ns) from t;";
  const { status, stdout, stderr } = run("sqlite3", ["-csv", ":memory:", `.import ${output} t`, sums]);
  expect([status, stderr]).toEqual([0, ""]);
  const total = (figure: (snapshot: Snapshot) => number) => lived.reduce((sum, each) => sum + figure(each), 0);
  expect(stdout.trim().split(",").map(Number)).toEqual([
    lived.length,
    total(({ secret }) => secret.residentBytes ?? 0),
    total(({ secret }) => secret.holders.length),
    Number(lastOf(lived).monotonicNs),
  ]);
});

test("jsonl goes through jq, which can leave out what a checkpoint says again", async () => {
  const { output, lived } = await exported("jsonl");
  const program = '[.[] | select(.state | not)] | [map(select(.kind == "self")) | length, .[-1].kind]';
  const { status, stdout, stderr } = run("jq", ["-c", "-s", program, output]);
  expect([status, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)[0]).toBe(lived.length);
  const states = run("jq", ["-c", "-s", "[.[] | select(.state)] | [length, (map(.kind) | unique)]", output]);
  const [count, kinds] = JSON.parse(states.stdout);
  expect(count).toBeGreaterThan(5);
  expect(kinds).toEqual(expect.arrayContaining(["clock", "host", "kernel", "scan"]));
});

test("the Perfetto export is one JSON document, whose counters end where the live ones did", async () => {
  const { output, lived } = await exported("perfetto");
  const last = (group: number, name: string) =>
    run("jq", [
      "-c",
      `[.traceEvents[] | select(.ph == "C" and .pid == ${group} and .name == "${name}")][-1].args | to_entries[0].value`,
      output,
    ]).stdout.trim();
  expect(last(1, "mapped by 4k pages")).toBe(String(lastOf(lived).directMap.bytes["4k"]));
  expect(last(1, "2m since boot")).toBe(String(lastOf(lived).directMap.splits["2m"]));
  // What somebody holds who is here as well may not be known yet, and is not said then.
  const known = lived.findLast(({ secret }) => secret.residentBytes !== null);
  expect(last(3, "all")).toBe(String(known?.secret.residentBytes ?? ""));
});

test.each(["report", "export"])("the examples of %s --help run as they are written", async (command) => {
  const { path, folder } = await recording();
  copyFileSync(path, join(folder, "incident.arrows"));
  const examples = secretscope(command, "--help")
    .stdout.split("\n")
    .filter((line) => line.startsWith("  secretscope "))
    // Behind two spaces it says what it is for; flamegraph.pl is in no package, what it would read is made.
    .map((line) =>
      line
        .trim()
        .replace(/ {2,}.*$/, "")
        .replace(/ \| flamegraph\.pl.*$/, ""),
    );
  expect(examples.length).toBeGreaterThanOrEqual(2);
  for (const example of examples) {
    const script = `set -o pipefail; cd "$1"; secretscope() { "${process.execPath}" "${cli}" "$@"; }; ${example}`;
    const { status, stderr } = run("bash", ["-c", script, "bash", folder]);
    // Whatever the time of day was, 03:12 may be before or after it.
    const said = stderr.replace(/^secretscope: (exported to|03:12 is (before|after)) .*\n/, "");
    expect([example, status, said]).toEqual([example, 0, ""]);
  }
});
