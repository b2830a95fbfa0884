/** The screen as a whole, with a terminal parser for a terminal and recorded snapshots for a kernel. */
import { mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { Dashboard } from "../../../tui/dashboard/dashboard.ts";
import { recorded } from "./derived.ts";
import { Replay } from "./replay.ts";
import { TestTerminal, unicodeLook } from "./terminal.ts";

const busy = recorded("busy");
const last = busy.at(-1) as Snapshot;
const open = new Set<Dashboard>();

afterEach(() => {
  for (const dashboard of open) dashboard.end();
  open.clear();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

function start(columns = 80, rows = 24) {
  const terminal = new TestTerminal(columns, rows);
  const asked = new AbortController();
  const options = { streams: terminal.streams, look: unicodeLook, root: true, intervalMs: 1000, stop: asked.signal };
  const dashboard = new Dashboard(options);
  open.add(dashboard);
  const replay = new Replay(last);
  const press = (keys: string) => terminal.streams.input.write(keys);
  /** The text of the screen, once it is as wanted. */
  const shows = (wanted: string | RegExp) => terminal.shows(wanted);
  /** Types these keys; the same. */
  const answers = (keys: string, wanted: string | RegExp) => {
    press(keys);
    return shows(wanted);
  };
  /** Waits until the cells are as expected. */
  const settles = (expected: () => void) =>
    vi.waitFor(async () => {
      await terminal.settled();
      expected();
    });
  return { terminal, asked, dashboard, replay, press, shows, answers, settles };
}

async function watching(columns?: number, rows?: number) {
  const screen = start(columns, rows);
  screen.dashboard.watch(screen.replay);
  await screen.shows("2 Holders");
  return screen;
}

test("says what it waits for until there is something to show", async () => {
  const { shows } = start();
  expect(await shows("Reading the kernel")).toContain("q quits");
});

describe("keys", () => {
  test("are answered while 200 snapshots a second arrive", async () => {
    const { answers, replay } = await watching();
    const flood = setInterval(() => replay.say(last), 5);
    try {
      const times: number[] = [];
      for (let round = 0; round < 10; round += 1) {
        const began = performance.now();
        await answers("?", "Keys and words");
        times.push(performance.now() - began);
        await answers("?", "2 Holders");
      }
      times.sort((a, b) => a - b);
      // The median: other work shares this machine.
      // The figure is measured by bench:dashboard; here only a screen that stopped answering is found.
      expect(times[5]).toBeLessThan(500);
    } finally {
      clearInterval(flood);
    }
  });

  test("filter, group, sort, open and back", async () => {
    const { press, answers } = await watching(120, 40);
    await answers("/vault", "found, Enter keeps");
    expect(await answers("\r", "filter vault")).toContain("vault-worker");
    await answers("\x1b", "8 processes");
    await answers("g", "by user");
    press("gg");
    await answers("S", "IN▲");
    await answers("jj\r", "Secret files");
    await answers("\x1b", "3 Who splits");
  });

  test("a filter that matches nothing says so, and how to leave", async () => {
    const { answers } = await watching();
    await answers("/nosuchname\r", 'No holder matches "nosuchname". Esc clears the filter.');
  });

  test("the stack of who splits", async () => {
    const { answers } = await watching();
    const text = await answers("3\r", "Kernel stack");
    expect(text).toContain("set_direct_map_invalid_noflush");
    expect(text).toContain("secretmem_fault");
  });

  test("an OOM kill's card says what there was before, and what it freed", async () => {
    const { dashboard, answers, shows } = start(100, 40);
    const replay = new Replay(busy[0] as Snapshot);
    dashboard.watch(replay);
    for (const snapshot of busy) replay.say(snapshot);
    await shows("1 kill seen");
    const text = await answers("4\r", "The seconds before");
    expect(text).toMatch(/freed by it\s+11\.7 MiB/);
    expect(text).toContain("the victim held");
  });

  test("who was turned down and holds nothing: counted in Holders, named in Events, with a card", async () => {
    const { answers, shows, replay } = await watching(120, 40);
    const who = { pid: 4711, startTicks: 9, comm: "greedy", uid: 65_500, last: last.time };
    const refusals = [
      { what: "map", code: "EAGAIN", count: 4 },
      { what: "create", code: "EMFILE", count: 2 },
    ] as const;
    const refusedProcesses = refusals.map((refusal) => ({ ...who, ...refusal }));
    replay.say({ ...last, secret: { ...last.secret, refusals, refusedProcesses } });
    const text = await shows("1 refused, holding none");
    expect(text).toContain("greedy [4711] was refused: 2 x memfd_secret EMFILE (no descriptor left for the process)");
    const card = await answers("5\r", "holds         no secret memory now");
    expect(card).toMatch(/refused +4 x mmap EAGAIN \(over RLIMIT_MEMLOCK\), last now/);
    expect(card).toMatch(/ {8}2 x memfd_secret EMFILE \(no descriptor left for the process\), last now/);
    expect(card).toContain("none by it since start");
  });

  test("a holder's card has its refusals by kind", async () => {
    const { answers } = await watching(120, 40);
    await answers("/keyd\r", "filter keyd");
    expect(await answers("j\r", "Secret files")).toMatch(
      /refused +1 x mmap EAGAIN \(over RLIMIT_MEMLOCK\), last \d+ s ago/,
    );
  });

  test("without probes nobody knows whether something was refused", async () => {
    const { answers, replay } = await watching(120, 40);
    const holders = last.secret.holders.map((each) => ({ ...each, refused: 0, refusals: [] }));
    const evidence = { ...last.evidence, route: { pages: "procfs", splits: null, oom: null } as const };
    replay.say({ ...last, evidence, secret: { ...last.secret, holders, refusals: [], refusedProcesses: [] } });
    expect(await answers("jj\r", "Secret files")).toMatch(/refused +\? \(not seen here\)/);
  });

  test("the window", async () => {
    const { answers } = await watching();
    await answers("+", "splits over 10 min");
    await answers("+", "splits over 1 h");
    await answers("-", "splits over 10 min");
  });
});

test("space freezes what is shown, says so, and collecting goes on", async () => {
  const { answers, shows, replay } = await watching();
  await answers(" ", "FROZEN");
  const more = { ...last, secret: { ...last.secret, holders: [] }, time: "2026-11-21T11:11:11.000Z" };
  replay.say(more);
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(await shows("FROZEN")).toContain("openbao");
  expect(await answers(" ", "0 processes")).not.toContain("FROZEN");
});

test("the selection stays with its process when the order changes", async () => {
  const { press, shows, replay, terminal, settles } = await watching(120, 40);
  press("jjj");
  const selected = () => terminal.rows().find((_, y) => terminal.cell(10, y)?.isInverse());
  await settles(() => expect(selected()).toContain("vault"));
  const holders = last.secret.holders.map((each) =>
    each.comm === "vault" ? { ...each, residentBytes: 1, proportionalBytes: 1 } : each,
  );
  replay.say({ ...last, secret: { ...last.secret, holders } });
  await shows("1 B");
  await settles(() => expect(selected()).toContain("vault"));
});

describe("the mouse", () => {
  const click = (x: number, y: number, button = 0) => `\x1b[<${button};${x};${y}M`;
  const wheelDown = 65;

  test("a column head sorts, a row is selected and opened, the wheel scrolls", async () => {
    const { terminal, press, answers, settles } = await watching(120, 40);
    const rows = terminal.rows();
    const heads = rows.findIndex((row) => row.includes("COMMAND"));
    const selects = (row: number) => settles(() => expect(terminal.cell(10, row)?.isInverse()).toBeTruthy());
    await answers(click((rows[heads]?.indexOf("COMMAND") ?? 0) + 2, heads + 1), "COMMAND▲");
    press(click(10, heads + 3));
    await selects(heads + 2);
    await answers(click(10, heads + 3), "Secret files");
    await answers("\x1b", "3 Who splits");
    press(click(10, heads + 3, wheelDown));
    await selects(heads + 5);
  });
});

describe("keeping", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dashboard-"));
    vi.spyOn(process, "cwd").mockReturnValue(folder);
  });

  test("w writes the snapshot for its owner only, twice is two files", async () => {
    const { press, answers } = await watching(160, 40);
    await answers("w", "snapshot written to");
    press("jw");
    await vi.waitFor(() => expect(readdirSync(folder)).toHaveLength(2));
    const [first = ""] = readdirSync(folder).sort();
    expect(JSON.parse(readFileSync(join(folder, first), "utf8"))).toEqual(last);
    expect(statSync(join(folder, first)).mode & 0o777).toBe(0o600);
  });

  test("c copies the card: to a file, and to the clipboard", async () => {
    const { answers, terminal } = await watching(160, 40);
    await answers("c", "nothing is selected");
    await answers("jjc", "card written to");
    const [name = ""] = readdirSync(folder);
    const text = readFileSync(join(folder, name), "utf8");
    expect(text).toMatch(/^openbao \[\d+\]\n/);
    expect(terminal.written).toContain(`\x1b]52;c;${Buffer.from(text).toString("base64")}\x07`);
  });

  test("a folder that is gone: the message says where it went instead", async () => {
    vi.spyOn(process, "cwd").mockReturnValue("/proc/nowhere");
    vi.stubEnv("TMPDIR", folder);
    const { answers } = await watching(160, 40);
    await answers("w", `snapshot written to ${folder}`);
  });
});

test("resizing, also below the least size, keeps the screen whole", async () => {
  const { terminal, settles } = await watching(80, 24);
  for (const [columns, rows] of [
    [200, 60],
    [60, 15],
    [40, 10],
    [120, 40],
    [80, 24],
  ] as const) {
    terminal.resize(columns, rows);
    await settles(() => {
      const lines = terminal.rows();
      expect(columns < 60 ? lines[0] : lines.at(-1)).toContain(columns < 60 ? "secretscope needs" : "? help");
    });
  }
});

test("no snapshot for a while is said", async () => {
  const { shows } = await watching();
  const now = performance.now.bind(performance);
  vi.spyOn(performance, "now").mockImplementation(() => now() + 10_000);
  await shows(/nothing new for 1\d s.*! late/);
});

describe("leaving", () => {
  const enters = (text: string) => text.split("\x1b[?1049h").length - 1;
  const leaves = (text: string) => text.split("\x1b[?1049l").length - 1;

  async function expectLeft({ terminal, dashboard, replay }: Awaited<ReturnType<typeof watching>>) {
    await dashboard.left;
    dashboard.end();
    await terminal.settled();
    expect(enters(terminal.written)).toBe(1);
    expect(leaves(terminal.written)).toBe(1);
    expect(terminal.written).toMatch(/\x1b\[\?25h|\x1b\[\?12l\x1b\[\?25h|\x1b\[34h\x1b\[\?25h/);
    for (const mode of [1000, 1006]) {
      expect(terminal.written.lastIndexOf(`\x1b[?${mode}l`)).toBeGreaterThan(
        terminal.written.lastIndexOf(`\x1b[?${mode}h`),
      );
    }
    expect(terminal.terminal.buffer.active.type).toBe("normal");
    expect((terminal.streams.input as unknown as { isRaw: boolean }).isRaw).toBe(false);
    expect(replay.listeners).toBe(0);
  }

  const gone = Object.assign(new Error("read EIO"), { code: "EIO" });
  test.each<[string, (screen: Awaited<ReturnType<typeof watching>>) => void]>([
    ["by q", ({ press }) => void press("q")],
    ["by Ctrl-C", ({ press }) => void press("\x03")],
    ["by a signal", ({ asked }) => asked.abort()],
    ["when the terminal goes away", ({ terminal }) => void terminal.streams.input.emit("error", gone)],
  ])("%s", async (_, leave) => {
    const screen = await watching();
    leave(screen);
    await expectLeft(screen);
  });

  test("leaves no listener on the process, however often it is opened", async () => {
    const count = () => process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
    const before = count();
    for (let round = 0; round < 5; round += 1) {
      const { dashboard } = await watching();
      dashboard.end();
    }
    expect(count()).toBe(before);
  });
});
