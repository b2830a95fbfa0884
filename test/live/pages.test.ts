/**
 * Claim: a recording with --detail page has a row for every page that is taken and given back, with the 2M block that the
 * kernel says it lies in; what is lost on the way is said, and the counters beside are exact all the same.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test } from "vitest";
import type { Event, PageEvent } from "../../collector/events.ts";
import { reportOf } from "../../collector/publish/report/fromTrace.ts";
import type { Report } from "../../collector/publish/report/report.ts";
import type { Snapshot } from "../../collector/snapshot.ts";
import { playback } from "../../collector/trace/playback.ts";
import { openRecording } from "../../collector/trace/recordLive.ts";
import { TraceFile } from "../../collector/trace/traceFile.ts";
import { reportText } from "../../tui/commands/report.ts";
import { formatCount } from "../../tui/text/counts.ts";
import { plain } from "../../tui/text/paint.ts";
import { type SecretFile, type Worker, workload } from "../truth/workload.ts";

const pageBytes = 4096;
const pagesOfBlock = 512n;

async function recording() {
  const directory = mkdtempSync(join(tmpdir(), "secretscope-pages-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "pages.arrows");
  const { observation, recorder, close } = await openRecording(
    { intervalMs: 200, route: "auto", detail: "page" },
    { path, tool: "live test" },
  );
  onTestFinished(close);
  const until = async (isSo: (snapshot: Snapshot) => boolean) => {
    const deadline = performance.now() + 30_000;
    while (!isSo(observation.snapshot())) {
      if (performance.now() > deadline) throw new Error("half a minute passed, and it is not so");
      await new Promise<void>((resolve) => {
        const stop = observation.onSnapshot(() => {
          stop();
          resolve();
        });
      });
    }
  };
  return { path, until, recorder, ended: async () => [await close(), eventsOf(path)][1] as Event[] };
}

function eventsOf(path: string): Event[] {
  const file = new TraceFile(path);
  try {
    const events = [...playback(file)].flatMap((part) => part.events);
    expect([file.end, file.damage]).toEqual(["whole", []]);
    return events;
  } finally {
    file.close();
  }
}

/** Blocks of the pages that a process has mapped of a file, as /proc/PID/pagemap says (admin-guide/mm/pagemap.rst). */
function blocksOf({ pid }: Worker, { inode }: SecretFile): number[] {
  const line = readFileSync(`/proc/${pid}/maps`, "utf8")
    .split("\n")
    .find((each) => each.split(/\s+/)[4] === String(inode));
  const [from = 0, to = 0] = (line?.split(" ")[0] ?? "").split("-").map((hex) => Number.parseInt(hex, 16) / pageBytes);
  const entries = Buffer.alloc(8 * (to - from));
  const pagemap = openSync(`/proc/${pid}/pagemap`, "r");
  readSync(pagemap, entries, 0, entries.length, 8 * from);
  closeSync(pagemap);
  const all = Array.from({ length: to - from }, (_, page) => entries.readBigUInt64LE(8 * page));
  const present = all.filter((entry) => entry >> 63n === 1n);
  return present.map((entry) => Number((entry & ((1n << 55n) - 1n)) / pagesOfBlock));
}

const isSinglePage = (event: Event): event is PageEvent => event.kind === "page";
const pagesOf = (events: readonly Event[], { inode }: SecretFile, taken: boolean) =>
  events.filter(isSinglePage).filter((page) => page.inode === inode && page.taken === taken);
const blocks = (pages: readonly PageEvent[]) => pages.map(({ block }) => block as number).toSorted((a, b) => a - b);

/** The last word of the counters. */
function counted(events: readonly Event[], { inode }: SecretFile) {
  const last = (kind: "allocated" | "freed") =>
    events.findLast((event) => event.kind === kind && event.inode === inode) as { readonly pages: number } | undefined;
  return { allocated: last("allocated")?.pages, freed: last("freed")?.pages };
}

const raise = (what: string): never => {
  throw new Error(what);
};

const isGone =
  ({ inode }: SecretFile) =>
  ({ secret, evidence }: Snapshot) =>
    evidence.route.blocks === "tracepoint" && secret.files.every((file) => file.inode !== inode);

const perfPages = process.env.SECRETSCOPE_PERF_PAGES;
afterEach(() => {
  if (perfPages === undefined) delete process.env.SECRETSCOPE_PERF_PAGES;
  else process.env.SECRETSCOPE_PERF_PAGES = perfPages;
});

test("1, 513 and 20 000 pages: each once as it is taken, once as it is given back, in its block", async () => {
  const { until, recorder, ended } = await recording();
  const a = await workload();
  const files: { file: SecretFile; pages: number; mapped: number[]; began: bigint; over: bigint }[] = [];
  for (const pages of [1, 513, 20_000]) {
    const began = process.hrtime.bigint();
    const file = await a.secret(pages);
    const mapped = blocksOf(a, file).toSorted((x, y) => x - y);
    await until(({ secret }) =>
      secret.files.some((each) => each.inode === file.inode && each.residentBytes === pages * pageBytes),
    );
    await a.letGo(file);
    files.push({ file, pages, mapped, began, over: process.hrtime.bigint() });
    await until(isGone(file));
  }
  const events = await ended();
  expect(recorder.state.lost).toBe(0);
  for (const { file, pages, mapped, began, over } of files) {
    const [taken, freed] = [pagesOf(events, file, true), pagesOf(events, file, false)];
    expect([mapped.length, taken.length, freed.length]).toEqual([pages, pages, pages]);
    expect(blocks(taken)).toEqual(mapped);
    expect(blocks(freed)).toEqual(mapped);
    expect(counted(events, file)).toEqual({ allocated: pages, freed: pages });
    const started = events.find((event) => event.kind === "created" && event.inode === file.inode);
    for (const page of [...taken, ...freed]) {
      expect(page).toMatchObject({ pid: a.pid, started: started?.kind === "created" ? started.started : null });
      expect(page.at > began && page.at < over).toBe(true);
    }
  }
}, 60_000);

test("a buffer of one page: lines are lost, that is said, and the counters are exact", async () => {
  process.env.SECRETSCOPE_PERF_PAGES = "1";
  const pages = 20_000;
  const { path, until, recorder, ended } = await recording();
  const a = await workload();
  const file = await a.secret(pages);
  await until(({ secret }) =>
    secret.files.some((each) => each.inode === file.inode && each.residentBytes === pages * pageBytes),
  );
  await a.letGo(file);
  await until(isGone(file));
  const { lost } = recorder.state;
  const events = await ended();
  const rows = pagesOf(events, file, true).length + pagesOf(events, file, false).length;
  expect(rows).toBeLessThan(2 * pages);
  expect(lost).toBeGreaterThan(0);
  expect(counted(events, file)).toEqual({ allocated: pages, freed: pages });
  const trace = new TraceFile(path);
  const report = await reportOf(trace, new AbortController().signal);
  trace.close();
  const told = report?.pages ?? raise("no pages in the report");
  // bpftrace tells of the last lost lines of a CPU with the next one of it: only the counters know them all.
  const missing = (told.countedTaken ?? 0) - told.taken + (told.countedFreed ?? 0) - told.freed;
  expect(missing).toBeGreaterThanOrEqual(2 * pages - rows);
  expect(reportText(report as Report, { columns: 200, paint: plain })).toContain(
    `${formatCount(missing)} pages came too fast`,
  );
}, 60_000);

test("without --detail page nothing is attached for it, and no page is in the recording", async () => {
  const directory = mkdtempSync(join(tmpdir(), "secretscope-pages-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "pages.arrows");
  const { observation, close } = await openRecording({ intervalMs: 200, route: "auto" }, { path, tool: "live test" });
  const a = await workload();
  await a.secret(10);
  expect(observation.snapshot().evidence.route.blocks).toBeUndefined();
  await close();
  expect(eventsOf(path).filter(isSinglePage)).toEqual([]);
}, 60_000);
