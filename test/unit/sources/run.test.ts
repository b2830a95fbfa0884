/** Claim: messages of the kernel program become events, counters as they moved, and what is dead is taken out after its last reading. */
import { describe, expect, test } from "vitest";
import { RunStory, secretDevice } from "./runStory.ts";

const hostile = '"q\n\\\u001b[31m\'"';

describe("lines", () => {
  test("who a process is, whatever its name", () => {
    const story = new RunStory();
    story.line("process", 1000, 7, 65_000_000_000, 1000, 77, hostile);
    story.line("rename", 2000, 7, 65_000_000_000, '["tick",1,2,0]');
    expect(story.events).toEqual([
      { kind: "process", at: 1000n, pid: 7, started: 6500, uid: 1000, cgroup: "/box", comm: hostile },
      { kind: "process", at: 2000n, pid: 7, started: 6500, uid: null, cgroup: null, comm: '["tick",1,2,0]' },
    ]);
  });

  test("creations and ends, each of which may change who holds what", () => {
    const story = new RunStory();
    story.line("create", 1000, 7, 65_000_000_000, 1355);
    story.line("exit", "18446744073709551615", 7, 65_000_000_000);
    expect(story.events).toEqual([
      { kind: "created", at: 1000n, pid: 7, started: 6500, inode: 1355 },
      { kind: "exit", at: 18446744073709551615n, pid: 7, started: 6500 },
    ]);
    expect(story.changes).toBe(2);
  });

  test("sizes of secret files, and of no others", () => {
    const story = new RunStory();
    story.line("size", 1, 1355, secretDevice, 5);
    story.line("size", 1, 1356, secretDevice + 1, 5);
    expect(story.said("fileSize")).toEqual([{ kind: "fileSize", inode: 1355, pages: 5 }]);
  });

  test("single pages, taken and given back", () => {
    const story = new RunStory();
    story.line("page", 1000, 7, 65_000_000_000, 1355, 2 ** 32 - 1);
    story.line("pageBack", "18446744073709551615", 8, 65_000_000_000, 1355, 0);
    expect(story.events).toEqual([
      { kind: "page", at: 1000n, pid: 7, started: 6500, inode: 1355, block: 2 ** 32 - 1, taken: true },
      { kind: "page", at: 18446744073709551615n, pid: 8, started: 6500, inode: 1355, block: 0, taken: false },
    ]);
  });

  test.each([
    [["page", 1000, 7, 65_000_000_000, 1355]],
    [["page", 1000, 7, 65_000_000_000, 1355, 2 ** 32]],
    [["page", 1000, 7, 65_000_000_000, 1355, -1]],
    [["pageBack", 1000, 7, 65_000_000_000, "x", 1]],
    [["page"]],
  ])("%j is no page: it counts as lost", (line) => {
    const story = new RunStory();
    story.line(...line);
    expect(story.events).toEqual([{ kind: "lost", at: 5n, what: "unreadable", count: 1 }]);
  });

  test.each([[["unknown", 1]], [[]], [["tock", 99]], [[null]], [[["tick"], 1]]])("%j says nothing", (line) => {
    const story = new RunStory();
    story.line(...line);
    expect(story.events).toEqual([]);
  });

  test("a process that is named like a line of ours is a name, not a line", () => {
    const story = new RunStory();
    story.receive({ type: "printf", data: '{"type": "lost_events", "data": {"events": 9}}\n' });
    story.line("process", 1, 7, 1, 0, 1, '{"type": "lost_events", "data": {"events": 9}}');
    expect(story.said("lost", "tick")).toEqual([]);
  });
});

describe("a reading", () => {
  test("tells the counters that moved, then that it was complete", () => {
    const story = new RunStory();
    story.read({ "@d": { "5,0": 1, "5,2": 3 }, "@a": { "5,7,65000000000": 4 }, "@r": { "7,65000000000,2,12": 1 } });
    story.read({ "@d": { "5,0": 1, "5,2": 3 }, "@a": { "5,7,65000000000": 9 }, "@r": { "7,65000000000,2,12": 1 } });
    const process = { pid: 7, started: 6500, epoch: 1 };
    expect(story.events.map(({ at: _, ...event }) => event)).toEqual([
      { kind: "freed", epoch: 1, inode: 5, kill: 0, pages: 1 },
      { kind: "freed", epoch: 1, inode: 5, kill: 2, pages: 3 },
      { kind: "allocated", ...process, inode: 5, pages: 4 },
      { kind: "refused", ...process, what: "map", code: "ENOMEM", count: 1 },
      { kind: "tick", epoch: 1, sequence: 1 },
      { kind: "allocated", ...process, inode: 5, pages: 9 },
      { kind: "tick", epoch: 1, sequence: 2 },
    ]);
  });

  test("is numbered: the answer to another question is none", () => {
    const story = new RunStory();
    story.run.ask();
    story.line("tick", 1, 9, 0);
    story.line("tock", 2);
    expect(story.said("tick")).toEqual([]);
    expect(story.run.answered).toBe(0);
    expect(story.run.asked).toBe(1);
  });

  // The tick is what the ledger rests on: by its definition all counters of the reading were received.
  test("in which a line was lost is not complete", () => {
    const story = new RunStory();
    story.read({ "@d": { "5,0": 1 } }, [{ type: "lost_events", events: 1 }]);
    expect(story.said("tick")).toEqual([]);
  });

  test("refusals of each kind by their names", () => {
    const story = new RunStory();
    story.read({ "@r": { "7,0,1,22": 1, "7,0,3,7": 2, "7,0,9,1": 5 } });
    expect(story.said("refused")).toEqual([
      { kind: "refused", epoch: 1, pid: 7, started: 0, what: "create", code: "EINVAL", count: 1 },
      { kind: "refused", epoch: 1, pid: 7, started: 0, what: "fault", code: "SIGBUS", count: 2 },
    ]);
  });

  test("requests with their results, and what a fault took", () => {
    const story = new RunStory({ reads: ["@q", "@ql"] });
    story.read({ "@q": { "1,512": 4, "2,0": 3, "3,12": 1, "99,0": 1 }, "@ql": { "1,512": 8000 } });
    expect(story.said("requests")).toEqual([
      { kind: "requests", epoch: 1, function: "secretmem_fault", result: "VM_FAULT_LOCKED", count: 4, totalNs: 8000 },
      { kind: "requests", epoch: 1, function: "set_direct_map_invalid_noflush", result: "0", count: 3, totalNs: null },
      {
        kind: "requests",
        epoch: 1,
        function: "set_direct_map_default_noflush",
        result: "-ENOMEM",
        count: 1,
        totalNs: null,
      },
    ]);
  });

  test("splits with the name that came in the key, once", () => {
    const story = new RunStory();
    const key = "7,65000000000,1752392034,0,\n  __change_page_attr+1\n  secretmem_fault+16\n";
    story.read({ "@s0": { [key]: 1 } });
    story.read({ "@s0": { [key]: 2 } });
    const process = { pid: 7, started: 6500 };
    const stack = ["__change_page_attr+0x1", "secretmem_fault+0x10"];
    const split = { kind: "split", ...process, epoch: 1, cause: "secretmem", level: null, stack };
    expect(story.said("process", "split")).toEqual([
      { kind: "process", ...process, uid: null, cgroup: null, comm: "bash" },
      { ...split, count: 1 },
      { ...split, count: 2 },
    ]);
  });
});

describe("what went wrong on the way", () => {
  test("lost events, lines that are no messages and lines that are too long are counted", () => {
    const story = new RunStory();
    story.receive(
      { type: "lost_events", events: 12 },
      { type: "unparsed", reason: "notJson", line: "garbage", length: 7 },
      { type: "overlong", bytes: 99 },
    );
    expect(story.said("lost")).toEqual([
      { kind: "lost", what: "lines", count: 12 },
      { kind: "lost", what: "unreadable", count: 1 },
      { kind: "lost", what: "unreadable", count: 1 },
    ]);
  });

  test("a full map is said once", () => {
    const story = new RunStory();
    const full = Object.fromEntries(Array.from({ length: 16_384 }, (_, n) => [`${n},0`, 1]));
    story.read({ "@d": full });
    story.read({ "@d": full });
    expect(story.said("lost")).toEqual([{ kind: "lost", what: "keys", count: 1 }]);
  });

  test.each([
    [{ type: "time", data: "x" } as const],
    [{ type: "unknown", name: "x", raw: {} } as const],
    [{ type: "attached_probes", probes: 3 } as const],
    [{ type: "value", data: 7 } as const],
    [{ type: "map", name: "@a", data: null } as const],
    [{ type: "map", name: "@s0", data: [] } as const],
  ])("%j changes nothing", (message) => {
    const story = new RunStory();
    story.receive(message);
    expect(story.events).toEqual([]);
  });
});
