/** Claim: a redacted recording can be made of one that exists, and everything that shows it says that it is redacted. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { watchBlock } from "../../../tui/commands/watch.ts";
import { lookOf } from "../../../tui/dashboard/look.ts";
import { headerLines } from "../../../tui/dashboard/views/header.ts";
import { plain } from "../../../tui/text/paint.ts";
import { empty } from "../commands/snapshots.ts";
import { process as processOf, Story } from "../ledger/story.ts";
import { oneOfEach } from "../trace/everyKind.ts";
import { record, scratch } from "../trace/recorded.ts";

const cli = join(import.meta.dirname, "../../../dist/tui/cli.js");

function secretscope(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...words], { encoding: "utf8" });
  return { status, stdout, stderr };
}

async function recorded(path: string): Promise<string> {
  const story = Story.watching();
  story.tell({ ...oneOfEach.host, name: "ledger-07" });
  const who = processOf(77);
  story.tell({ kind: "process", ...who, comm: "alice-keys", uid: 4711, cgroup: "/user.slice/alice.service" });
  story.created(who, 5);
  story.allocated(who, 5, 10);
  story.look([[who, 5]]);
  story.tick();
  story.tell(oneOfEach.self);
  return await record(story.events, { path });
}

const names = /ledger-07|alice|4711|user\.slice/;
const said = /names redacted/;

test("a copy without names: what replay, report and export print of it has none, and says so", async () => {
  const folder = scratch();
  const source = await recorded(join(folder, "incident.arrows"));
  const target = join(folder, "share.arrows");
  expect(secretscope("redact", source, "-o", target)).toMatchObject({
    status: 0,
    stdout: "",
    stderr: expect.stringMatching(/^secretscope: redacted to .*share\.arrows: [\d.]+ KiB\n$/),
  });
  expect(statSync(target).mode & 0o777).toBe(0o600);
  for (const words of [["replay"], ["report"]]) {
    const [before, after] = [secretscope(...words, source).stdout, secretscope(...words, target).stdout];
    expect(before).toMatch(names);
    expect(before).not.toMatch(said);
    expect(after).not.toMatch(names);
    expect(after).toMatch(said);
    const data = [source, target].map((path) => JSON.parse(secretscope(...words, path, "--json").stdout));
    expect(data.map(({ host }) => host.redacted)).toEqual([false, true]);
  }
  const exported = secretscope("export", target, "--to", "jsonl").stdout;
  expect(exported).not.toMatch(names);
  expect(exported).toContain('"redacted":true');
}, 60_000);

test("several files share their pseudonyms", async () => {
  const folder = scratch();
  const sources = [await recorded(join(folder, "t.0001.arrows")), await recorded(join(folder, "t.0002.arrows"))];
  const into = join(folder, "share");
  mkdirSync(into);
  expect(secretscope("redact", ...sources, "--into", into).status).toBe(0);
  const copies = readdirSync(into).toSorted();
  expect(copies).toEqual(["t.0001.arrows", "t.0002.arrows"]);
  const [first, second] = copies.map(
    (name): Snapshot => JSON.parse(secretscope("replay", join(into, name), "--json").stdout),
  );
  expect(first?.secret.holders).toHaveLength(1);
  expect(second?.secret.holders).toEqual(first?.secret.holders);
  expect(second?.host).toEqual(first?.host);
}, 60_000);

test("nothing is replaced unasked, and a damaged recording is said to be damaged", async () => {
  const folder = scratch();
  const source = await recorded(join(folder, "incident.arrows"));
  const target = join(folder, "share.arrows");
  writeFileSync(target, "mine");
  expect(secretscope("redact", source, "-o", target)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("is there already"),
  });
  expect(readFileSync(target, "utf8")).toBe("mine");
  expect(secretscope("redact", source, "-o", source, "--overwrite").stderr).toContain("the recording itself");
  const cut = join(folder, "cut.arrows");
  writeFileSync(cut, readFileSync(source).subarray(0, -8));
  expect(secretscope("redact", cut, "-o", target, "--overwrite")).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("was cut off"),
  });
  expect(secretscope("replay", target, "--json").status).toBe(1);
}, 60_000);

test.each([
  [["redact", "a"], "either --output or --into"],
  [["redact", "a", "-o", "b", "--into", "c"], "either --output or --into"],
  [["redact", "a", "b", "-o", "c"], "--output is for one file"],
  [["redact", "x/a", "y/a", "--into", "c"], "two files have the same name"],
  [["redact"], "missing required argument"],
  [["watch", "--once", "--redact"], "--redact needs --record"],
])("%j is wrong usage", (words, complaint) => {
  const { status, stderr } = secretscope(...words);
  expect(stderr).toContain(complaint);
  expect(stderr).toMatch(/^secretscope: [^\n]*--help tells more\n$/);
  expect(status).toBe(2);
});

test.each([["redact"], ["demo"], ["record"], ["watch"]])("%s --help teaches, on 80 columns", (command) => {
  const { status, stdout } = secretscope(command, "--help");
  expect(status).toBe(0);
  for (const word of ["Examples:", "Exit status:"]) expect(stdout).toContain(word);
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});

test("watch's first line and the dashboard's say it", () => {
  const redacted: Snapshot = { ...empty, host: { ...empty.host, redacted: true } };
  const block = (snapshot: Snapshot) =>
    watchBlock(snapshot, { killsAtStart: null, blind: undefined }, { columns: 80, paint: plain }).split("\n")[0];
  expect(block(redacted)).toMatch(/names redacted$/);
  expect(block(empty)).not.toMatch(said);
  const header = (snapshot: Snapshot) =>
    headerLines(
      {
        snapshot,
        word: "complete",
        ageMs: 0,
        late: false,
        frozen: false,
        replayed: true,
        recorded: undefined,
        firing: 0,
      },
      80,
      lookOf({}, true),
    )[0]
      ?.spans.map(({ text }) => text)
      .join("");
  expect(header(redacted)).toMatch(/REPLAY.*names redacted/);
  expect(header(empty)).not.toMatch(said);
});
