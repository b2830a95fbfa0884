/** The key that records: what is on the screen from then on is in the file, and whatever goes wrong is told there. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Recordings } from "../../../collector/trace/recordings.ts";
import { TraceFile } from "../../../collector/trace/traceFile.ts";
import { Dashboard } from "../../../tui/dashboard/dashboard.ts";
import { Story, process as someone } from "../ledger/story.ts";
import { readAll, snapshots } from "../trace/recorded.ts";
import { Replay } from "./replay.ts";
import { TestTerminal, unicodeLook } from "./terminal.ts";

const root = process.getuid?.() === 0;
const holder = someone(7);
const ends: (() => unknown)[] = [];
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dashboard-"));
  vi.spyOn(process, "cwd").mockReturnValue(folder);
});

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** A dashboard on a story that goes on by `goesOn`. */
async function watching(columns = 120) {
  const terminal = new TestTerminal(columns, 40);
  const stop = new AbortController().signal;
  const dashboard = new Dashboard({ streams: terminal.streams, look: unicodeLook, root: true, intervalMs: 1000, stop });
  const story = Story.watching();
  const replay = new Replay(story.snapshot);
  const recordings = new Recordings(replay);
  let told = 0;
  const goesOn = () => {
    story.tick();
    for (const event of story.events.slice(told)) replay.happen(event);
    told = story.events.length;
    replay.say(story.snapshot);
  };
  story.named(holder, "vault");
  story.created(holder, 5);
  story.allocated(holder, 5, 3);
  story.look([[holder, 5]]);
  goesOn();
  dashboard.watch(replay, { recording: { recordings, tool: "secretscope test" } });
  const leave = async () => {
    dashboard.end();
    await recordings.close();
  };
  ends.push(leave);
  const press = (keys: string) => terminal.streams.input.write(keys);
  const shows = (wanted: RegExp) => terminal.shows(wanted);
  await shows(/2 Holders[\s\S]*vault/);
  return { story, goesOn, press, shows, leave };
}

const files = (where = folder) => readdirSync(where).map((name) => join(where, name));

test("r begins, the header says so; r ends, and the file replays what was seen", async () => {
  const { story, goesOn, press, shows } = await watching();
  press("r");
  await shows(/recording to \S+secretscope-model-20\S+\.arrows; r ends it/);
  expect(await shows(/REC 0:0\d, [1-9][\d.]* KiB/)).toContain("1 process");
  story.allocated(holder, 5, 30);
  goesOn();
  press("r");
  expect(await shows(/recorded 0:0\d, [\d.]+ KiB: secretscope replay /)).not.toContain("REC 0:");
  const [path = "", ...more] = files();
  expect(more).toEqual([]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(snapshots(readAll(path)).at(-1)).toEqual(story.snapshot);
  const file = new TraceFile(path);
  expect([file.end, file.damage]).toEqual(["whole", []]);
  file.close();
});

test("twice in one second is two files", async () => {
  const { press, shows } = await watching();
  for (let round = 0; round < 2; round += 1) {
    press("r");
    await shows(/REC/);
    press("r");
    await shows(/recorded/);
    press("j");
    await shows(/\? help/);
  }
  expect(files()).toHaveLength(2);
});

test("leaving while it records ends the file in order", async () => {
  const { story, goesOn, press, shows, leave } = await watching();
  press("r");
  await shows(/REC/);
  story.allocated(holder, 5, 40);
  goesOn();
  await leave();
  const [path = ""] = files();
  expect(snapshots(readAll(path)).at(-1)).toEqual(story.snapshot);
  const file = new TraceFile(path);
  expect(file.end).toBe("whole");
  file.close();
});

test("the narrowest screen says that it records", async () => {
  const { press, shows } = await watching(60);
  press("r");
  await shows(/REC 0:0\d [^\n]*(complete|partial|late|lossy)/);
});

describe("what goes wrong", () => {
  test("a folder that takes no files: it goes to the one for what is temporary, and says so", async () => {
    vi.spyOn(process, "cwd").mockReturnValue("/proc/nowhere");
    vi.stubEnv("TMPDIR", folder);
    const { press, shows } = await watching();
    press("r");
    await shows(new RegExp(`recording to ${folder}/`));
  });

  test("no folder takes one: why, and it does not record", async () => {
    vi.spyOn(process, "cwd").mockReturnValue("/proc/nowhere");
    vi.stubEnv("TMPDIR", "/proc/nowhere");
    const { press, shows } = await watching();
    press("r");
    expect(await shows(/! not recording: .*\/proc\/nowhere/)).not.toContain("REC ");
  });

  test.runIf(root)("the disk is full: told at the bottom and among the events, and watching goes on", async () => {
    const small = mkdtempSync(join(tmpdir(), "secretscope-tiny-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4k", "tmpfs", small]);
    ends.push(() => {
      execFileSync("umount", ["-l", small]);
      rmSync(small, { recursive: true });
    });
    vi.spyOn(process, "cwd").mockReturnValue(small);
    const { story, goesOn, press, shows } = await watching(200);
    press("r");
    const text = await shows(/! recording to .* ended: the disk is full[^\n]*watching goes on/);
    expect(text).not.toContain("REC ");
    story.look([
      [holder, 5],
      [someone(8), 5],
    ]);
    goesOn();
    press("j");
    expect(await shows(/2 processes/)).toMatch(/notice +recording to /);
    press("5jj\r");
    await shows(/┌ event[\s\S]*the disk is full; what was written before can be replayed; watching goes on/);
    press("\x1b");
    await shows(/4 OOM/);
    // And another one can be begun, elsewhere.
    vi.spyOn(process, "cwd").mockReturnValue(folder);
    press("r");
    await shows(/REC 0:/);
  });
});
