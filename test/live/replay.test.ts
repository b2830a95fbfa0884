/** A recording on the screen of a real terminal, as a person plays it. It needs no kernel: the recording is a fixture. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test } from "vitest";
import type { Event } from "../../collector/events.ts";
import { bytes, inode, monotonicNs, pages } from "../../collector/units.ts";
import { process as processId, Story } from "../unit/ledger/story.ts";
import { record } from "../unit/trace/recorded.ts";
import { below, Pane } from "./pane.ts";

const repository = join(import.meta.dirname, "../..");
const trace = join(repository, "test/fixtures/traces/format-1.0.arrows");
const command = `node ${join(repository, "dist/tui/cli.js")} replay ${trace}`;
const panes = new Set<Pane>();

afterEach(() => {
  for (const pane of panes) pane.end();
  panes.clear();
});

async function openPane(): Promise<Pane> {
  const pane = new Pane(100, 30);
  panes.add(pane);
  await pane.shows(/^\$ ?$/m);
  return pane;
}

test("plays, is held, jumps to the end and back, and gives the terminal back", async () => {
  const pane = await openPane();
  const before = pane.settings();
  pane.run(`${command}; echo "status $?"`);
  await pane.shows(/secretscope REPLAY[\s\S]* playing +1x /);
  pane.keys("Space");
  await pane.shows(/ paused +1x /);
  pane.keys("$");
  await pane.shows(/ at end +1x [\s\S]*the end of the recording/);
  pane.keys("^");
  await pane.shows(/ paused +1x /);
  pane.keys("q");
  await pane.shows(/^status 0$/m);
  await pane.until("nothing left running", () => below(pane.shell()).length === 0);
  await pane.until("settings as before", () => pane.settings() === before);
  expect(pane.modes()).toEqual({ cursor: true, alternate: false, mouse: false });
});

test("demo: the screen with the recording that ships with it", async () => {
  const pane = await openPane();
  pane.run(`node ${join(repository, "dist/tui/cli.js")} demo; echo "status $?"`);
  await pane.shows(/secretscope REPLAY.*debian13[\s\S]* playing +1x /);
  pane.keys("$");
  await pane.shows(/ at end +1x /);
  pane.keys("q");
  await pane.shows(/^status 0$/m);
});

/** As told: `samples` readings of fifty holders that grow. */
function* growing(samples: number): Generator<Event> {
  const story = Story.watching();
  yield* story.events;
  const since = story.now;
  for (let sample = 1; sample <= samples; sample++) {
    const at = monotonicNs(since + BigInt(sample) * 1_000_000_000n);
    for (let file = 1; file <= 50; file++) {
      const counter = { epoch: story.epoch, inode: inode(file), pages: pages(sample) };
      yield { kind: "allocated", at, ...processId(file), ...counter };
    }
    yield { kind: "tick", at, epoch: story.epoch, sequence: sample };
    yield { kind: "self", at, cpuSeconds: 0, rssBytes: bytes(0), probeNsPerEvent: null };
  }
}

test("--at says on a terminal how far it is, and takes it back; in a pipe it says nothing", async () => {
  // Without checkpoints, as a damaged one: all before the moment has to be read.
  const long = await record(growing(6000), { checkpointWork: Number.POSITIVE_INFINITY });
  const at = [join(repository, "dist/tui/cli.js"), "replay", long, "--at", "+90m"];
  const piped = spawnSync(process.execPath, at, { encoding: "utf8" });
  expect([piped.status, piped.stderr]).toEqual([0, ""]);
  // script gives it a terminal and keeps every byte; what is wiped a moment later, no look at a screen would find.
  const { status, stdout } = spawnSync("script", ["-qec", [process.execPath, ...at].join(" "), "/dev/null"], {
    encoding: "utf8",
  });
  expect(status).toBe(0);
  const wipe = "\r\x1b[K";
  const [progress = "", after] = [stdout.slice(0, stdout.indexOf(wipe)), stdout.slice(stdout.indexOf(wipe))];
  expect(progress).toMatch(/^(\r(<1|\d+)% of the way to \+90m \(Ctrl-C gives up\)\x1b\[K)+$/);
  expect(after).toContain("direct map");
});

test("--rules: alerts of one's own on the screen, none, or what is wrong with them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "secretscope-rules-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const rules = join(folder, "own.yaml");
  const pane = await openPane();
  writeFileSync(rules, "rules: [{name: any-at-all, figure: secret_share, above: 0%, message: there is some}]\n");
  pane.run(`${command} --rules ${rules}; echo "status $?"`);
  await pane.shows(/ playing +1x /);
  pane.keys("$");
  await pane.shows(/! 1 alert [\s\S]* at end /);
  pane.keys("5", "End");
  await pane.shows(/alert +any-at-all: there is some/);
  pane.keys("q");
  await pane.shows(/^status 0$/m);
  pane.run(`clear; ${command} --rules none; echo "status $?"`);
  await pane.shows(/ playing +1x /);
  pane.keys("$");
  expect(await pane.shows(/ at end /)).not.toContain("alert");
  pane.keys("q");
  await pane.shows(/^status 0$/m);
  writeFileSync(rules, "rules: [{name: any-at-all, figur: secret_share, above: 0%}]\n");
  pane.run(`clear; ${command} --rules ${rules}; echo "status $?"`);
  const said = await pane.shows(/^status 2$/m);
  expect(said.replaceAll("\n", "")).toMatch(/own\.yaml:1:\d+: .*did you mean figure\?.*mend the rules first/);
  expect(pane.modes().alternate).toBe(false);
});

test.each([
  ["", "--json", /"schema":"secretscope\.snapshot/],
  ["", "--at +1s", /^direct map /m],
  ["", "--speed most", /^direct map /m],
  ["", "| cat", /^direct map /m],
  ["TERM=dumb", "", /^direct map /m],
])("%s secretscope replay FILE %s prints", async (set, rest, wanted) => {
  const pane = await openPane();
  pane.run(`${set} ${command} ${rest}`);
  await pane.shows(wanted);
  expect(pane.modes().alternate).toBe(false);
});
