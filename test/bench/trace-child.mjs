// One measurement in a process of its own, so that none inherits the memory or the warm code of another: a word that
// says what, then JSON with how. Answers with one line of JSON. Rates count seconds of CPU, all threads together: on one
// core it cannot be faster, and what others do on the machine does not count.
import { createReadStream, createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { setImmediate as othersTurn } from "node:timers/promises";
import { createGunzip, createGzip } from "node:zlib";
import { Ledger } from "../../dist/collector/ledger/ledger.js";
import { TraceReplay } from "../../dist/collector/sources/trace-file/replay.js";
import { Recorder } from "../../dist/collector/trace/recorder.js";
import { TraceFile } from "../../dist/collector/trace/traceFile.js";
import { pages } from "./trace-pages.mjs";
import { stories as others, random } from "./trace-story.mjs";

const stories = { ...others, pages };

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
const peakBytes = () => process.resourceUsage().maxRSS * 1024;

/** The same events are made twice, once for nobody: what making them costs is not what writing them costs. */
function makingCost(story) {
  const began = cpuSeconds();
  let count = 0;
  for (const events of stories[story.name](story)) count += events.length;
  return { count, seconds: cpuSeconds() - began };
}

async function write({ story, path }) {
  const making = story.name === "day" ? undefined : makingCost(story);
  const began = cpuSeconds();
  let now = 0n;
  const recorder = await Recorder.create({
    path,
    overwrite: true,
    tool: "secretscope bench",
    now: () => now,
    paceMs: () => Number(now) / 1e6,
  });
  let samples = 0;
  for (const events of stories[story.name](story)) {
    now = events[0].at;
    for (const event of events) recorder.take(event);
    // Live there is a second between two samples: the disk gets its turn.
    if (++samples % 16 === 0) await recorder.drained();
  }
  await recorder.close();
  if (recorder.failure !== undefined) throw recorder.failure;
  const { bytes, events } = recorder.state;
  return { bytes, events, seconds: cpuSeconds() - began - (making?.seconds ?? 0), peakBytes: peakBytes() };
}

/** As publish/report/fromTrace.ts, in seconds. */
const longestTurn = 0.05;

/** Every sample, as a report does; the figures at the end. */
async function replay({ path, snapshots = false }) {
  const began = cpuSeconds();
  const file = new TraceFile(path);
  const each = new TraceReplay(file);
  let samples = 0;
  let turn = began;
  let pages = 0;
  each.onPages = ({ blocks }) => {
    pages += blocks.length;
  };
  while (each.step()) {
    if (snapshots) each.snapshot();
    samples++;
    if (cpuSeconds() - turn < longestTurn) continue;
    await othersTurn();
    turn = cpuSeconds();
  }
  const { secret, directMap } = each.snapshot();
  file.close();
  return {
    seconds: cpuSeconds() - began,
    samples,
    pages,
    peakBytes: peakBytes(),
    residentBytes: secret.residentBytes,
    splits: directMap.splits["2m"],
  };
}

/** Opened anew for each moment, which is more than a person asks for. By the clock, and what it took of a CPU. */
function moments({ path, count }) {
  const next = random(7);
  const open = () => {
    const began = performance.now();
    const cpu = cpuSeconds();
    const file = new TraceFile(path);
    return { began, cpu, file, openedMs: performance.now() - began };
  };
  const { file: first } = open();
  const [from, to] = [first.batches[0].from, first.lastTime];
  first.close();
  const times = [];
  for (let n = 0; n < count; n++) {
    const { began, cpu, file, openedMs } = open();
    const each = new TraceReplay(file);
    each.seek(from + BigInt(Math.floor(next() * Number(to - from))));
    each.snapshot();
    times.push({ all: performance.now() - began, cpuMs: 1000 * (cpuSeconds() - cpu), openedMs });
    file.close();
  }
  const sorted = times.map(({ all }) => all).sort((a, b) => a - b);
  const opened = times.map(({ openedMs }) => openedMs).sort((a, b) => a - b);
  return {
    medianMs: sorted[count >> 1],
    p95Ms: sorted[Math.floor(0.95 * count)],
    worstMs: sorted.at(-1),
    worstCpuMs: Math.max(...times.map(({ cpuMs }) => cpuMs)),
    openMedianMs: opened[count >> 1],
    hours: Number(to - from) / 3.6e12,
  };
}

const asText = (_, value) => (typeof value === "bigint" ? String(value) : value);

/** The competitor that everybody has: JSON lines through gzip. */
async function jsonlWrite({ story, path }) {
  const making = makingCost(story);
  const began = cpuSeconds();
  const gzip = createGzip();
  const file = gzip.pipe(createWriteStream(path));
  let events = 0;
  for (const sample of stories[story.name](story)) {
    events += sample.length;
    const text = sample.map((event) => `${JSON.stringify(event, asText)}\n`).join("");
    if (!gzip.write(text)) await new Promise((resolve) => gzip.once("drain", resolve));
  }
  gzip.end();
  await new Promise((resolve) => file.once("finish", resolve));
  return { bytes: file.bytesWritten, events, seconds: cpuSeconds() - began - making.seconds };
}

const times = ["at", "began", "from"];

async function jsonlReplay({ path }) {
  const began = cpuSeconds();
  const ledger = new Ledger();
  for await (const line of createInterface({ input: createReadStream(path).pipe(createGunzip()) })) {
    const event = JSON.parse(line);
    for (const name of times) if (name in event) event[name] = BigInt(event[name]);
    ledger.apply(event);
  }
  const { secret, directMap } = ledger.snapshot();
  return { seconds: cpuSeconds() - began, residentBytes: secret.residentBytes, splits: directMap.splits["2m"] };
}

const measurements = { write, replay, moments, jsonlWrite, jsonlReplay };
const [, , what, how] = process.argv;
process.stdout.write(`${JSON.stringify(await measurements[what](JSON.parse(how)))}\n`);
