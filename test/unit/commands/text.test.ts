/** What each command prints for a snapshot: it fits the screen, shows no unknown as 0, and lets no name through. */
import { describe, expect, test } from "vitest";
import type { Diagnosis } from "../../../collector/diagnosis.ts";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { doctorText, statusOf } from "../../../tui/commands/doctor.ts";
import { splitsText, tally } from "../../../tui/commands/splits.ts";
import { watchBlock } from "../../../tui/commands/watch.ts";
import { whoData, whoText } from "../../../tui/commands/who.ts";
import { plain } from "../../../tui/text/paint.ts";
import { width } from "../../../tui/text/width.ts";
import { blind, busy, empty, holder, hostileName, lossy } from "./snapshots.ts";

const narrow = { columns: 80, paint: plain };
const first = { killsAtStart: 14, blind: undefined };
const holding = (changes: Partial<typeof holder>, of: Snapshot = empty): Snapshot => ({
  ...of,
  secret: { ...of.secret, residentBytes: holder.residentBytes, holders: [{ ...holder, ...changes }] },
});

const diagnosis: Diagnosis = {
  schema: "secretscope.doctor/1",
  time: "2026-11-21T09:10:05.000Z",
  host: { name: "box", kernel: "6.18.44", architecture: "x86_64" },
  secretmem: { available: true, accounting: "mlock", reason: null, remedy: null },
  bpftrace: { path: "/usr/bin/bpftrace", version: "0.17.0", reason: null, remedy: null },
  kernel: [{ name: "lockdown", value: "integrity", limits: "fentry programs are refused, and that is final" }],
  facts: [
    { fact: "pages", title: "who allocates and frees secret pages", route: "tracepoint", reason: null, remedy: null },
  ],
  blind: [],
};
const blindDiagnosis: Diagnosis = {
  ...diagnosis,
  bpftrace: { path: null, version: null, reason: "not on PATH", remedy: "apt-get install bpftrace" },
  facts: [
    ...diagnosis.facts,
    {
      fact: "requests",
      title: "requests to change the direct map",
      route: null,
      reason: "no kprobes",
      remedy: "another kernel",
    },
  ],
  blind: [{ fact: "requests", reason: "no kprobes", remedy: "another kernel" }],
};

const everything = Object.entries({ blind, empty, busy, lossy }).flatMap(([name, snapshot]) =>
  [40, 80, 120, 200].map((columns) => ({ name, snapshot, columns })),
);

describe.each(everything)("$name on $columns columns", ({ snapshot, columns }) => {
  const screen = { columns, paint: plain };
  test.each([
    ["watch", () => watchBlock(snapshot, first, screen)],
    ["who", () => whoText(snapshot, undefined, false, screen)],
    ["splits", () => splitsText(snapshot, 30_000, screen)],
    ["doctor", () => doctorText(blindDiagnosis, screen)],
  ])("%s", (_, print) => {
    const text = print();
    expect(text.endsWith("\n")).toBe(true);
    expect(text).not.toMatch(/undefined|null|NaN|\[object/);
    // Newlines are ours; nothing else below a space, and nothing that turns text around.
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
    // Below 80 columns a table may stick out: nothing is hidden to make it fit.
    if (columns >= 80) for (const line of text.split("\n")) expect(width(line)).toBeLessThanOrEqual(columns);
  });
});

describe("unknown is never 0", () => {
  test("watch says what it does not know, why, and what to do", () => {
    const text = watchBlock(blind, { killsAtStart: null, blind: undefined }, narrow);
    expect(text).toMatch(/direct map +this kernel does not say/);
    expect(text).toMatch(/splits +not counted by this kernel/);
    expect(text).toMatch(/secret memory +size not known/);
    expect(text).toMatch(/OOM kills +not counted by this kernel/);
    expect(text).toMatch(/evidence +not complete \(none\): no bpftrace/);
    expect(text).toContain("pages: bpftrace was not found; apt-get install bpftrace");
    expect(text).not.toMatch(/(?<![\d.])0 (B|since|resident)/);
  });

  test("where not all can be seen, what was found is the least there is", () => {
    const file = { device: "00:0e", inode: 1, creatorPid: null, residentBytes: 8192, holders: [] };
    const files = [file, { ...file, inode: 2, residentBytes: null }, { ...file, inode: 3, residentBytes: 4096 }];
    const text = watchBlock(
      { ...blind, secret: { ...blind.secret, residentBytes: null, files } },
      { killsAtStart: null, blind: undefined },
      narrow,
    );
    expect(text).toMatch(/secret memory +at least 12 KiB resident, 3 files/);
    // What one process has mapped is there, whichever file it is of.
    const more = holding({ residentBytes: 40_960 });
    const secret = { ...more.secret, residentBytes: null, files };
    expect(whoText({ ...more, secret }, undefined, true, narrow)).toMatch(/secret memory +at least 40 KiB resident/);
  });

  test("splits without causes does not say that nobody did it", () => {
    const text = splitsText(blind, 1000, narrow);
    expect(text).toContain("Causes are not known here");
    expect(text).toContain("does not count splits");
    expect(text).not.toContain("Nobody");
  });

  test("a holder whose pages could not be read has ? and not 0", () => {
    const text = whoText(
      holding({ residentBytes: null, proportionalBytes: null, memlockLimitBytes: null, cgroup: null, uid: null }),
      undefined,
      true,
      narrow,
    );
    expect(text).toMatch(/1234 +\? +rosenpass +both +\? +\? +\? +\?/);
  });
});

describe("watch", () => {
  test("nothing going on is a short block", () => {
    const text = watchBlock(empty, first, narrow);
    expect(text.trimEnd().split("\n")).toHaveLength(6);
    expect(text).toMatch(/evidence +complete \(tracepoint\)/);
    expect(text).toMatch(/OOM kills +0 since start, 14 since boot/);
  });

  test("says who, how much, and what it left out", () => {
    const text = watchBlock(busy, first, narrow);
    expect(text).toMatch(/300 +2M +secretmem +\\x1b\[2J\\u202e\\n\{red-fg\}\\x9b \[4194300\] +3 s ago/);
    expect(text).toContain("of these 2M 12, 1G 0 by secretscope's own probes");
    expect(text).toContain("and 30 more: secretscope who");
    expect(text).toContain("4 KiB held by no process");
    expect(text).toMatch(/OOM kills +2 since start, 16 since boot/);
    expect(text.replace(/\s+/g, " ")).toContain("secret memory then 40 MiB, freed by the kill 0 B");
  });

  test("what cannot be shown is named in the first block, and again only when it changes", () => {
    const again = { killsAtStart: null, blind: blind.evidence.blind };
    expect(watchBlock(blind, again, narrow)).not.toContain("not shown");
    expect(watchBlock({ ...blind, evidence: { ...blind.evidence, blind: [] } }, again, narrow)).not.toContain(
      "not shown",
    );
    const other = { ...again, blind: blind.evidence.blind.slice(1) };
    expect(watchBlock(blind, other, narrow)).toContain("not shown");
  });

  test("loss is said in the evidence", () => {
    const text = watchBlock(lossy, first, narrow).replace(/\s+/g, " ");
    expect(text).toContain("not complete (tracepoint): bpftrace was killed (SIGKILL) and started again");
    expect(text).toContain("12 lines were lost");
  });
});

describe("who", () => {
  test("nobody", () => {
    expect(whoText(empty, undefined, true, narrow)).toBe(
      "Nobody holds secret memory.\nHibernation: not blocked by secret memory.\n",
    );
  });

  test("nobody who could be seen is another answer", () => {
    const text = whoText(blind, undefined, false, narrow);
    expect(text).toContain("Nobody who could be seen");
    expect(text).toContain("31 processes could not be looked into: root sees them");
  });

  test.each([
    ["open", { mappings: 0 }],
    ["mapped", { descriptors: 0 }],
    ["both", {}],
  ])("%s", (word, changes) => {
    expect(whoText(holding(changes), undefined, true, narrow)).toMatch(new RegExp(`rosenpass +${word} +512 KiB`));
  });

  test("against the limit: mapped size under the old model, touched pages of the user under the new one", () => {
    expect(whoText(holding({}), undefined, true, narrow)).toMatch(/8 MiB +87%/);
    expect(whoText(holding({ uid: 0 }), undefined, true, narrow)).toMatch(/8 MiB +exempt/);
    const user = { ...empty, host: { ...empty.host, accounting: "user" as const } };
    expect(whoText(holding({}, user), undefined, true, narrow)).toMatch(/8 MiB +3%/);
    expect(whoText(holding({ memlockLimitBytes: "unlimited" }), undefined, true, narrow)).toMatch(/unlimited +-/);
  });

  test("more resident than the limit allows is a finding, for others than root", () => {
    const above = { residentBytes: 16 * 2 ** 20, proportionalBytes: 16 * 2 ** 20 };
    const said = "Resident secret memory of user 54321 (16 MiB) is above its RLIMIT_MEMLOCK";
    const text = (changes: Partial<typeof holder>) =>
      whoText(holding({ ...above, ...changes }), undefined, true, narrow);
    expect(text({})).toContain(said);
    expect(text({ uid: 0 })).not.toContain("above its RLIMIT_MEMLOCK");
    expect(text({ memlockLimitBytes: null })).not.toContain("above its RLIMIT_MEMLOCK");
    expect(text({ proportionalBytes: 2 ** 20 })).not.toContain("above its RLIMIT_MEMLOCK");
  });

  test("blocked hibernation names who blocks it", () => {
    const text = whoText({ ...holding({}), hibernation: { blocked: true, by: [1234] } }, undefined, true, narrow);
    expect(text.replace(/\s+/g, " ")).toContain(
      "Hibernation: blocked, the kernel refuses it while any secret file is open: rosenpass [1234].",
    );
  });

  test("the container is named below on 80 columns, beside on wide screens", () => {
    expect(whoText(holding({}), undefined, true, narrow)).toMatch(/\n +in docker 0123456789ab\n/);
    expect(whoText(holding({}), undefined, true, { ...narrow, columns: 140 })).toMatch(/87% {2}docker 0123456789ab\n/);
  });

  test("--pid: who could not be seen was not seen to hold any", () => {
    expect(whoText(blind, [1], true, narrow)).toContain("None of the processes asked for was seen to hold");
    expect(whoText(empty, [1], true, narrow)).toContain("None of the processes asked for holds");
    const text = "1 descriptor in flight in sockets since before the start";
    const evidence = { ...empty.evidence, reasons: [{ kind: "inFlight" as const, text }] };
    const inFlight = whoText({ ...empty, evidence }, undefined, true, narrow);
    expect(inFlight).toContain("Nobody who could be seen");
    expect(inFlight).toContain(`${text}.`);
  });

  test("--pid: only that holder and its files, totals of the whole machine", () => {
    const data = whoData(busy, [4_194_201]);
    expect(data.secret.holders.map(({ pid }) => pid)).toEqual([4_194_201]);
    expect(data.secret.files).toEqual([]);
    expect(data.secret.residentBytes).toBe(busy.secret.residentBytes);
    expect(whoText(busy, [1], true, narrow)).toContain("None of the processes asked for");
    expect(Object.keys(whoData(busy))).toEqual(["schema", "time", "host", "evidence", "secret", "hibernation"]);
  });
});

describe("splits", () => {
  test("attributed and unattributed add up to what vmstat moved", () => {
    expect(tally(busy)).toMatchObject({ moved: 332, unattributed: 2, attributed: 330, own: 12, byOthers: 310 });
    expect(splitsText(busy, 30_000, narrow)).toContain("330 attributed + 2 unattributed = 332 that /proc/vmstat moved");
  });

  test("stacks stand under their row, innermost first", () => {
    expect(splitsText(busy, 30_000, narrow)).toMatch(
      /3 s ago\n +__change_page_attr_set_clr\+0x1f < set_direct_map_invalid_noflush\+0x4a <\n +secretmem_fault\+0x11f\n/,
    );
  });

  test("own splits are marked, and what splits cost is said with the reservations", () => {
    const text = splitsText(busy, 30_000, narrow).replace(/\s+/g, " ");
    expect(text).toContain("8 ? bpf (own) bpftrace [77]");
    expect(text).toContain("at most about 1%");
    expect(text).toContain("do not mend before a reboot");
  });

  test("nobody", () => {
    expect(splitsText(empty, 30_000, narrow)).toContain("Nobody split the direct map in this time.");
  });
});

describe("doctor", () => {
  test("all well", () => {
    expect(statusOf(diagnosis)).toBe(0);
    expect(doctorText(diagnosis, narrow)).toMatch(/tracepoint +who allocates and frees secret pages/);
  });

  test("what is missing comes with why and what to do", () => {
    expect(statusOf(blindDiagnosis)).toBe(1);
    const text = doctorText(blindDiagnosis, narrow);
    expect(text).toMatch(/none +requests to change the direct map\n +no kprobes; another kernel/);
    expect(text).toMatch(/bpftrace +not on PATH; apt-get install bpftrace/);
    expect(statusOf({ ...diagnosis, secretmem: { ...diagnosis.secretmem, available: false } })).toBe(1);
  });

  test("what several facts lack is said once, and what a route lacks is not said of the fact", () => {
    const lacks = { reason: "not root", remedy: "run it with sudo" };
    const facts = (["pages", "creation", "oom"] as const).map((fact) => ({ fact, title: fact, route: null, ...lacks }));
    const better = { fact: "splits" as const, title: "splits", route: "tracepoint" as const, ...lacks };
    const text = doctorText({ ...diagnosis, facts: [...facts, better] }, narrow);
    expect(text).toMatch(
      /none +pages\nnone +creation\nnone +oom\n +not root; run it with sudo\ntracepoint +splits\n +no better route: not root;/,
    );
  });

  test("nothing at all", () => {
    expect(statusOf({ ...diagnosis, facts: diagnosis.facts.map((fact) => ({ ...fact, route: null })) })).toBe(2);
  });
});

describe("what was refused", () => {
  const before = { killsAtStart: null, blind: undefined };

  test("is told by kind and with its meaning, to the holder's row and in all, and who holds nothing is named", () => {
    const text = watchBlock(busy, before, { columns: 100, paint: plain });
    expect(text).toContain(
      "refused        since start: 3 x mmap EAGAIN (over RLIMIT_MEMLOCK), 2 x memfd_secret EMFILE",
    );
    expect(text).toMatch(/\n {2}\\x1b\[2J.* \[66\] holds nothing: 2 x memfd_secret EMFILE \(no descriptor left/);
    expect(text).not.toContain("holder-1 [4194201] holds nothing");
    expect(whoText(busy, [4_194_201], true, narrow).replace(/\s+/g, " ")).toContain(
      "refused since start: 3 x mmap EAGAIN (over RLIMIT_MEMLOCK)",
    );
  });

  test("nothing: no line", () => {
    expect(watchBlock(empty, before, narrow)).not.toContain("refused");
  });
});

test("a hostile name stays one visible word", () => {
  const text = whoText(
    holding({ comm: hostileName, cgroup: `/\x1b]0;owned\x07${hostileName}` }),
    undefined,
    true,
    narrow,
  );
  expect(text).toContain("\\x1b[2J");
  expect(text.trimEnd().split("\n")).toHaveLength(7);
});
