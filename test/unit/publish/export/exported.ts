/** A recording for the exports: told as a story, written by the recorder, exported. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Event, PageEvent } from "../../../../collector/events.ts";
import { type FormatName, formats } from "../../../../collector/publish/export/formats.ts";
import type { Snapshot } from "../../../../collector/snapshot.ts";
import { TraceFile } from "../../../../collector/trace/traceFile.ts";
import { block, bytes, inode, monotonicNs } from "../../../../collector/units.ts";
import { safeJson, safeText } from "../../../../tui/text/safe.ts";
import { process, Story } from "../../ledger/story.ts";
import { pieces, record, scratch } from "../../trace/recorded.ts";

/** Attacks a spreadsheet, a stack line, a terminal and a JSON string at once. */
export const hostile = '=cmd|;-1\n\u001b[2J a"b';

/** A reading is complete: what live was shown at this point. */
export function sample(story: Story): Snapshot {
  story.tick();
  story.tell({ kind: "self", cpuSeconds: 0.1, rssBytes: bytes(1e6), probeNsPerEvent: null });
  return story.snapshot;
}

export const exported = (path: string, format: FormatName) => exportedBytes(path, format).toString();

export function exportedBytes(path: string, format: FormatName): Buffer {
  const file = new TraceFile(path);
  try {
    const pieces = [...formats[format](file, { text: safeText, json: safeJson })];
    return Buffer.concat(pieces.map((piece) => (typeof piece === "string" ? Buffer.from(piece) : piece)));
  } finally {
    file.close();
  }
}

/** Forty holders that grow at different times, splits of four causes, an OOM kill with a victim that gave memory back. */
export function busyStory(): { story: Story; snapshots: Snapshot[] } {
  const story = Story.watching({ "2m": 100, "1g": 7 });
  const who = (number: number) => process(100 + number);
  const snapshots = [sample(story)];
  const held: [ReturnType<typeof process>, number][] = [];
  for (let number = 1; number <= 40; number++) {
    story.named(who(number), number === 3 ? hostile : `holder-${number}`);
    story.created(who(number), number);
    // The late ones are the large ones: who is largest is not known from the first.
    story.allocated(who(number), number, number * 3);
    held.push([who(number), number]);
    if (number % 10 !== 0) continue;
    for (const [each, file] of held) story.holding(each, file, { residentBytes: bytes(file * 3 * 4096) });
    story.tell({ kind: "scan", began: monotonicNs(story.now), processes: 100, hidden: 0, partial: false });
    story.split(who(3), number, { stack: ["split_large_page+0x1", "a;b c\t+0x2", "secretmem_fault+0x3"] });
    story.split(who(4), 2 * number, { cause: "module", level: "1g", stack: ["load_module+0x1"] });
    story.split(who(5), number, { stack: ["secretmem_fault+0x3"] });
    story.kernel({ "2m": 100 + 2 * number, "1g": 7 + 2 * number + 5 });
    snapshots.push(sample(story));
  }
  const victim = { pid: who(40).pid, comm: hostile, uid: 0, cgroup: null };
  story.oomKill(1, { victim, constraint: "memcg" });
  story.freed(40, 120, 1);
  story.exit(who(40));
  snapshots.push(sample(story));
  snapshots.push(sample(story));
  return { story, snapshots };
}

/** Two processes, one of them hostile, that take pages in turn; one gives them back. Steps are whole nanoseconds. */
export function pagesStory(): { story: Story; pages: PageEvent[] } {
  const story = Story.watching();
  story.plan({ pages: "tracepoint", blocks: "tracepoint" });
  story.named(process(7), hostile);
  story.named(process(8), "worker");
  const pages: PageEvent[] = [];
  const began = story.now;
  for (let n = 0; n < 40; n++) {
    const at = monotonicNs(began + BigInt(6001 * n));
    const who = process(7 + (n % 2));
    pages.push({ kind: "page", at, ...who, inode: inode(1 + (n % 2)), block: block(n >> 3), taken: n < 30 });
  }
  for (const page of pages) story.events.push(page);
  story.allocated(process(7), 1, 15);
  story.allocated(process(8), 2, 15);
  story.freed(1, 5);
  story.freed(2, 5);
  story.tell({ kind: "scan", began: monotonicNs(story.now), processes: 100, hidden: 0, partial: false });
  sample(story);
  return { story, pages };
}

/** @returns the path of a recording of this story */
export const recorded = (story: Story) => record(story.events);

/** Two batches, the second of which is broken. */
export function damaged(events: readonly Event[]): string {
  const half = events.length >> 1;
  const parts = pieces([events.slice(0, half), events.slice(half)]);
  const whole = Buffer.concat(parts);
  const at = Buffer.concat(parts.slice(0, 3)).length - 9;
  whole[at] = (whole[at] ?? 0) ^ 1;
  const path = join(scratch(), "damaged.arrows");
  writeFileSync(path, whole);
  return path;
}
