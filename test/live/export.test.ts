/**
 * Claims: reports and exports of a file from the middle of a recording say what was shown live while it was written,
 * and tools that know nothing of secretscope read them: polars, SQLite, jq, Perfetto.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pl from "nodejs-polars";
import { afterAll, describe, expect, test } from "vitest";
import { traceProcessor } from "../../.ci/trace-processor.mjs";
import type { Report } from "../../collector/publish/report/report.ts";
import type { Snapshot } from "../../collector/snapshot.ts";
import { TraceFile } from "../../collector/trace/traceFile.ts";
import { wallMs } from "../../collector/units.ts";
import { Story } from "../unit/ledger/story.ts";
import { recorded, sample } from "../unit/publish/export/exported.ts";
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

test("a terminal is not given bytes: one line says where to send them, and status 2", () => {
  const demo = join(import.meta.dirname, "../../tui/demo/recording.arrows");
  const words = [process.execPath, cli, "export", demo, "--to", "perfetto"].join(" ");
  const { status, stdout } = run("script", ["-qec", words, "/dev/null"]);
  expect(status).toBe(2);
  expect(stdout).toMatch(/^secretscope: perfetto is no text for a terminal: name a file with --output[^\n]*\r\n$/);
});

// Without it: `npm test` unpacks it where npm and tar are; a run with CI=true fails where it is not.
const engine = traceProcessor() ?? "";
describe.skipIf(engine === "")("Perfetto's trace processor", () => {
  /** Rows of each query, as it sees them after reading a whole trace. */
  function asked(trace: string, queries: readonly string[]): (string | number | null)[][][] {
    const program = join(import.meta.dirname, "trace-processor.mjs");
    const { status, stdout, stderr } = run(process.execPath, [program, engine, trace], JSON.stringify(queries));
    expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
    return JSON.parse(stdout);
  }

  const counters = `
    select parent.name, track.name, counter_track.unit, last.value
    from track join track parent on parent.id = track.parent_id join counter_track using (id)
    join (select track_id, max(ts), value from counter group by track_id) last on last.track_id = track.id`;
  const errors = "select name, value from stats where severity in ('error', 'data_loss') and value > 0";

  test("opens a recording of this machine: no error, and counters end where the live ones did", async () => {
    const { output, lived } = await exported("perfetto");
    const realtime = "select clock_value - ts from clock_snapshot where clock_name = 'REALTIME' limit 1";
    const [rows = [], wrong, [[offset = null] = []] = []] = asked(output, [counters, errors, realtime]);
    expect(wrong).toEqual([]);
    const last = new Map(rows.map(([group, name, unit, value]) => [`${group}/${name}`, [unit, Number(value)]]));
    const { directMap, monotonicNs, time } = lastOf(lived);
    expect(last.get("direct map/mapped by 4k pages")).toEqual(["bytes", directMap.bytes["4k"]]);
    expect(last.get("direct map/splits of 2m since boot")).toEqual(["count", directMap.splits["2m"]]);
    // What somebody holds who is here as well may not be known yet, and is not said then.
    const known = lived.findLast(({ secret }) => secret.residentBytes !== null);
    expect(last.get("secret memory by process/all")?.[1]).toBe(known?.secret.residentBytes ?? undefined);
    expect(new Date(Number((BigInt(offset ?? 0) + BigInt(monotonicNs)) / 1_000_000n)).toISOString()).toBe(time);
  });

  test("has the wall clock right that was set, forward and back", async () => {
    const story = Story.watching();
    const set = [1_600_000_000_000, 1_800_000_000_000].map((wall) => {
      sample(story);
      story.tell({ kind: "clock", wall: wallMs(wall) });
      return { at: story.events.at(-1)?.at ?? 0n, ns: BigInt(wall) * 1_000_000n };
    });
    sample(story);
    const path = await recorded(story);
    const output = `${path}.pftrace`;
    expect(secretscope("export", path, "--to", "perfetto", "-o", output).status).toBe(0);
    const [[times = []] = []] = asked(output, [`select ${set.map(({ at }) => `to_realtime(${at + 5n})`).join(", ")}`]);
    expect(times).toEqual(set.map(({ ns }) => String(ns + 5n)));
  });

  test("opens the demo: tracks in their groups, OOM kills as instants, the gap as a slice", () => {
    const demo = join(import.meta.dirname, "../../tui/demo/recording.arrows");
    const output = join(mkdtempSync(join(tmpdir(), "secretscope-demo-")), "demo.pftrace");
    folders.add(dirname(output));
    expect(secretscope("export", demo, "--to", "perfetto", "-o", output).status).toBe(0);
    const replayed = secretscope("replay", demo, "--json").stdout.trimEnd().split("\n");
    const snapshots: Snapshot[] = replayed.map((line) => JSON.parse(line));
    const kills = `
      select ts, slice.name, extract_arg(arg_set_id, 'debug.secretFreedBytes'), extract_arg(arg_set_id, 'debug.victim.pid')
      from slice join track on track.id = slice.track_id where track.name = 'OOM kills' and dur = 0 order by ts`;
    const gaps = "select ts, dur, slice.name from slice join track on track.id = track_id where track.name = 'gaps'";
    const causes = `
      select track.name, max(counter.value) from counter join track on track.id = track_id
      join track parent on parent.id = track.parent_id where parent.name = 'splits by cause' group by 1`;
    const [rows = [], wrong, instants = [], slices = [], splits = []] = asked(output, [
      counters,
      errors,
      kills,
      gaps,
      causes,
    ]);
    expect(wrong).toEqual([]);
    expect(new Set(rows.map(([group]) => group))).toEqual(
      new Set(["direct map", "splits by cause", "secret memory by process"]),
    );
    const last = lastOf(snapshots);
    expect(instants.map(([, name, freed, pid]) => [name, Number(freed), Number(pid)])).toEqual(
      last.oom.recent.map(({ victim, secretFreedBytes }) => [
        `OOM kill: ${victim.comm} [${victim.pid}]`,
        secretFreedBytes,
        victim.pid,
      ]),
    );
    expect(slices.map(([, , name]) => name)).toEqual(last.evidence.gaps.map(({ reason }) => `nothing seen: ${reason}`));
    for (const cause of ["secretmem", "bpf", "module"]) {
      const counted = last.splitCauses.filter((row) => row.cause === cause).reduce((sum, { count }) => sum + count, 0);
      expect([cause, splits.find(([name]) => name === cause)?.[1]]).toEqual([cause, counted]);
    }
  });
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
