/** Claim: what the kernel program printed while secretwork did known things becomes exactly these things in the ledger. */

import { readFileSync } from "node:fs";
import { type Message, MessageDecoder } from "bpftrace-wrapper";
import { describe, expect, test } from "vitest";
import type { Event, SplitSample } from "../../../collector/events.ts";
import { Ledger } from "../../../collector/ledger/ledger.ts";
import { pid as toPid } from "../../../collector/units.ts";
import { type Release, releases } from "../../fixtures/recordings.ts";
import { mapsPrinted } from "../probes/programText.ts";
import { RunStory } from "./runStory.ts";

interface Caused {
  readonly device: number;
  readonly inode: number;
  readonly pid: number;
  readonly pages: number;
  readonly manyPages: number;
  readonly readings: Readonly<Record<"touched" | "freed" | "split" | "switched" | "gone", number>>;
}

const recordings = releases().flatMap((release) =>
  Object.keys(release.programs)
    .filter((name) => name.startsWith("product-"))
    .map((name) => ({ release, name, title: `${release.name} ${name}` })),
);

function messagesOf({ version, stdout }: Release, name: string): Message[] {
  const messages: Message[] = [];
  const decoder = new MessageDecoder({ version, receive: (message) => messages.push(message) });
  decoder.push(stdout(name));
  decoder.end();
  return messages;
}

/** A ledger that was told everything up to the end of one reading, or to the end. */
function ledgerOf(events: readonly Event[], until = Number.POSITIVE_INFINITY): Ledger {
  const ledger = new Ledger();
  const at = events[0]?.at;
  if (at === undefined) throw new Error("nothing was said");
  ledger.apply({ kind: "plan", at, routes: { pages: "tracepoint" }, blind: [], intervalMs: 1000 });
  ledger.apply({ kind: "probes", at, state: "attached", epoch: 1, pid: toPid(1), reason: "" });
  for (const event of events) {
    ledger.apply(event);
    if (event.kind === "tick" && event.sequence >= until) break;
  }
  return ledger;
}

describe.each(recordings)("$title", ({ release, name }) => {
  const caused = release.programs[name]?.caused as unknown as Caused;
  const program = readFileSync(new URL(`../../fixtures/bpftrace/${release.name}/${name}.bt`, import.meta.url), "utf8");
  const reads = mapsPrinted(program);
  const story = new RunStory({ reads, device: caused.device });
  for (const message of messagesOf(release, name)) story.run.receive(message);
  story.run.finish();
  const { events } = story;
  const shown = (reading: number) => ledgerOf(events, reading).snapshot().secret;

  test("five pages of a new file, made by secretwork", () => {
    expect(shown(caused.readings.touched).files).toEqual([
      { device: "", inode: caused.inode, creatorPid: caused.pid, residentBytes: caused.pages * 4096, holders: [] },
    ]);
    expect(events.find((event) => event.kind === "fileSize")).toMatchObject({
      inode: caused.inode,
      pages: caused.pages,
    });
  });

  test("none of them after it was let go", () => {
    expect(shown(caused.readings.freed).residentBytes).toBe(0);
  });

  test("a thousand of the next, and none when the process is gone", () => {
    expect(shown(caused.readings.split).residentBytes).toBe(caused.manyPages * 4096);
    expect(shown(caused.readings.gone).residentBytes).toBe(0);
  });

  test("a creation with bad flags was refused", () => {
    const refused = story.said("refused") as { pid: number }[];
    expect(refused.filter(({ pid }) => pid === caused.pid)).toMatchObject([
      { what: "create", code: "EINVAL", count: 1 },
    ]);
  });

  test("its names, the hostile one too", () => {
    const hostile = release.programs.names?.caused.names as { quotes: string };
    const names = events.flatMap((event) => (event.kind === "process" && event.pid === caused.pid ? [event.comm] : []));
    expect(names[0]).toBe("secretwork");
    // The function route has no tracepoint that tells of renames; splits bring the name that their process had.
    if (program.includes("task_rename")) expect(names).toContain(Buffer.from(hostile.quotes, "hex").toString("utf8"));
    for (const name of names)
      expect(["secretwork", Buffer.from(hostile.quotes, "hex").toString("utf8")]).toContain(name);
  });

  test("it ended, once", () => {
    expect(events.filter((event) => event.kind === "exit" && event.pid === caused.pid)).toHaveLength(1);
  });

  test("every reading was complete and nothing was lost", () => {
    const ticks = events.flatMap((event) => (event.kind === "tick" ? [event.sequence] : []));
    expect(ticks).toEqual(Array.from({ length: caused.readings.gone }, (_, n) => n + 1));
    expect(story.said("lost")).toEqual([]);
  });

  const splits = events.filter((event): event is SplitSample => event.kind === "split");
  const namedBy = new Map(
    events.flatMap((event) =>
      event.kind === "process" ? [[`${event.pid}:${event.started}`, event.comm] as const] : [],
    ),
  );
  const by = (comm: string) => splits.filter(({ pid, started }) => namedBy.get(`${pid}:${started}`) === comm);

  describe("splits", () => {
    test("under secretwork are secretmem's", () => {
      const own = splits.filter(({ pid }) => pid === caused.pid);
      expect(own.length).toBeGreaterThan(0);
      expect(new Set(own.map(({ cause }) => cause))).toEqual(new Set(["secretmem"]));
      for (const { stack } of own) expect(stack.join(" ")).toMatch(/secretmem_fault\+0x/);
    });

    test("under modprobe are the modules'", () => {
      expect(new Set(by("modprobe").map(({ cause }) => cause)).size).toBeLessThanOrEqual(1);
      for (const { cause } of by("modprobe")) expect(cause).toBe("module");
    });

    test("under bpftrace are bpf's or tracing's", () => {
      for (const { cause } of by("bpftrace")) expect(["bpf", "tracing"]).toContain(cause);
    });

    test("no stack holds an address", () => {
      for (const { stack } of splits) for (const frame of stack) expect(frame).not.toMatch(/^0x|ffff[0-9a-f]{8}/);
    });
  });
});
