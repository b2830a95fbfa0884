/** Claim: a redacted recording holds no name, says that it is redacted, and gives the figures of one that is not. */
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Event } from "../../../collector/events.ts";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { columnNames, columns } from "../../../collector/trace/columns.ts";
import { endOfStream } from "../../../collector/trace/encodeMessage.ts";
import { RowEncoder } from "../../../collector/trace/encodeRows.ts";
import { headerKey } from "../../../collector/trace/header.ts";
import { layoutOf } from "../../../collector/trace/messageHead.ts";
import { playback } from "../../../collector/trace/playback.ts";
import { Redactor } from "../../../collector/trace/redaction/redactor.ts";
import { redactedCopy } from "../../../collector/trace/redaction/rewrite.ts";
import { hostTreatments, planTreatments, treatments } from "../../../collector/trace/redaction/treatments.ts";
import { TraceFile } from "../../../collector/trace/traceFile.ts";
import { unpack } from "../../../collector/trace/unpack.ts";
import { histories, live } from "../ledger/histories.ts";
import { process, Story } from "../ledger/story.ts";
import { pagesStory } from "../publish/export/exported.ts";
import { hostile, oneOfEach } from "./everyKind.ts";
import { readAll, record, scratch, snapshots } from "./recorded.ts";
import { messages } from "./rewritten.ts";

/** Names that tell who somebody is, in every place where a name can be; some of them attack whoever shows them. */
const secret = {
  host: "ledger-07.bank.example",
  boot: "0f1e2d3c-aaaa-bbbb-cccc-1234567890ab",
  comms: ["alice-keys", "wire\u001b[2Jtransfer", '"}],"x":1', hostile, "ünïcode-näme", "=cmd|'/c calc'"],
  cgroups: ["/user.slice/user-4711.slice/alice.service", "/docker/c0ffee'\"\\\n{bold}", "//odd//corner/"],
  users: [4711, 65534, 4294967294],
  paths: ["/home/alice/bin/bpftrace", "BPFTRACE=/opt/secret-project/bpftrace"],
  program: "alice_filter",
};

/** A process each with every name, an OOM kill among them, refusals, splits, a gap and probes that fail. */
function namedStory(): Story {
  const story = Story.watching();
  const host = { ...oneOfEach.host, name: secret.host, bootId: secret.boot };
  story.tell(host);
  story.tell({
    ...oneOfEach.plan,
    blind: [
      {
        fact: "splits",
        reason: `${secret.paths[0]} --version did not answer`,
        remedy: `name one with ${secret.paths[1]}`,
      },
    ],
  });
  for (const [index, comm] of secret.comms.entries()) {
    const who = process(100 + index);
    const cgroup = secret.cgroups[index % secret.cgroups.length] ?? "";
    const uid = index === 0 ? 0 : (secret.users[index % secret.users.length] ?? null);
    story.tell({ kind: "process", ...who, comm, uid, cgroup });
    story.created(who, 50 + index);
    story.allocated(who, 50 + index, 10 * (index + 1));
    story.refused(who, index + 1);
    story.split(who, index + 1, { stack: [`bpf_prog_00112233aabbccdd_${secret.program}+0x7`, "secretmem_fault+0x1"] });
    story.look([[who, 50 + index]]);
  }
  const party = { pid: process(101).pid, comm: secret.comms[1] ?? "", uid: 4711, cgroup: secret.cgroups[0] ?? "" };
  story.oomKill(1, { victim: party, trigger: { ...party, comm: secret.comms[0] ?? "" }, cgroup: "/user.slice" });
  const failure = `bpftrace reported an error. bpftrace said: cannot open ${secret.paths[0]} of alice`;
  story.detached("lost", failure);
  story.tell({
    kind: "gap",
    from: oneOfEach.gap.from,
    reason: `bpftrace could not be started: spawn ${secret.paths[0]}`,
  });
  story.tell({ kind: "gap", from: oneOfEach.gap.from, reason: hostile });
  story.kernel({ "2m": 40 });
  story.tick();
  story.tell({ ...oneOfEach.self });
  return story;
}

/** Everything in a file, with its buffers unpacked. */
function contents(path: string): string {
  const file = readFileSync(path);
  const unpacked = messages(file.subarray(0, file.lastIndexOf(endOfStream))).flatMap(({ head, body }) =>
    head.kind === "schema"
      ? []
      : layoutOf(head).regions.map(({ offset, length }) => {
          const packed = body.subarray(offset, offset + length);
          const claimed = packed.length < 8 ? 0 : Number(packed.readBigInt64LE(0));
          return unpack(packed, claimed === -1 ? packed.length - 8 : claimed, layoutOf(head).codec);
        }),
  );
  return Buffer.concat([file, ...unpacked]).toString("latin1");
}

const latin1 = (text: string) => Buffer.from(text).toString("latin1");
const parts = secret.cgroups.flatMap((path) => path.split("/")).filter((part) => part !== "");
const words = [secret.host, secret.boot, secret.program, ...secret.comms, ...secret.paths, ...parts, "alice"];
/** As it is, and as JSON has it. */
const found = (text: string) =>
  words.filter((word) => [word, JSON.stringify(word).slice(1, -1)].some((form) => text.includes(latin1(form))));
const uids = (events: readonly Event[]) =>
  events.flatMap((event) =>
    event.kind === "process" ? [event.uid] : event.kind === "oomKill" ? [event.victim.uid, event.trigger.uid] : [],
  );

test("no name is anywhere in the file, and without --redact all of them are", async () => {
  const { events } = namedStory();
  const plain = await record(events);
  expect(new Set(found(contents(plain)))).toEqual(new Set(words));
  const redacted = await record(events, { redact: true });
  expect(found(contents(redacted))).toEqual([]);
  expect(uids(readAll(redacted)).filter((uid) => secret.users.includes(uid ?? 0))).toEqual([]);
  const copy = copied(plain);
  expect(found(contents(copy))).toEqual([]);
  expect(uids(readAll(copy)).filter((uid) => secret.users.includes(uid ?? 0))).toEqual([]);
});

/** The columns, filled: what each text and number becomes must be what its treatment says. */
test.each(columnNames)("column %s becomes what is said of it", (name) => {
  const treatment = treatments[name];
  expect(treatment, "a new column needs a treatment").toBeDefined();
  const [before, after] = [new RowEncoder(), new RowEncoder(new Redactor())];
  const { host, plan, split, page, ...rest } = oneOfEach;
  const rows = [
    ...Object.values(rest),
    { ...host, name: "h", bootId: "b" },
    plan,
    { ...split, stack: ["bpf_prog_00112233aabbccdd_x+0x1"] },
    // Last: it is more than one row.
    page,
  ];
  const written = rows.length - 1 + page.blocks.length;
  for (const row of rows) {
    before.add(row);
    after.add(row);
  }
  const data = (encoder: RowEncoder) => Buffer.from(encoder.columns[name].data(written));
  const texts = (encoder: RowEncoder) => {
    const { count, offsets, text } = encoder.dictionary.layout();
    const ends = new Int32Array(offsets.buffer, offsets.byteOffset, count + 1);
    const all = Array.from({ length: count }, (_, n) => Buffer.from(text).toString("utf8", ends[n], ends[n + 1]));
    const codes = data(encoder);
    return rows.map((_, n) => all[codes.readInt32LE(4 * n)]);
  };
  const values = (encoder: RowEncoder) => (columns[name].type === "text" ? texts(encoder) : data(encoder));
  expect(after.columns[name].filled).toBe(before.columns[name].filled);
  if (treatment === "kept") {
    // In rows where the cell is empty the number of a text means nothing.
    const filled = columns[name].kinds;
    const concerns = rows.map(({ kind }) => filled === "all" || (filled as readonly string[]).includes(kind));
    const kept = (encoder: RowEncoder) =>
      columns[name].type === "text" ? texts(encoder).filter((_, n) => concerns[n]) : data(encoder);
    expect(kept(after)).toEqual(kept(before));
  } else expect(values(after)).not.toEqual(values(before));
});

test("every fact of the machine and of the plan has a treatment, and those with a name lose it", () => {
  const { kind: _, at: __, ...host } = oneOfEach.host;
  const { kind: ___, at: ____, ...plan } = oneOfEach.plan;
  expect(Object.keys(host).filter((name) => !Object.hasOwn(hostTreatments, name))).toEqual([]);
  expect(Object.keys(plan).filter((name) => !Object.hasOwn(planTreatments, name))).toEqual([]);
  const redactor = new Redactor();
  const { name, bootId, ...rest } = host;
  expect(redactor.host(host)).toEqual({
    ...rest,
    name: expect.stringMatching(/^host-[0-9a-z]{8}$/),
    bootId: expect.stringMatching(/^boot-[0-9a-z]{8}$/),
    redacted: true,
  });
  expect(redactor.plan(plan)).toEqual({ ...plan, blind: [{ ...plan.blind[0], reason: "(redacted)" }] });
});

test("secretscope's own sentences stay readable", () => {
  const sentence = new Redactor().text("reason");
  const own = [
    "bpftrace ended and was started again",
    "/proc is mounted with hidepid",
    "mount -t tracefs tracefs /sys/kernel/tracing",
    "boot with secretmem.enable=1 (5.14 to 6.4), or use a kernel with CONFIG_SECRETMEM",
    "",
  ];
  expect(own.map((text) => sentence?.(text))).toEqual(own);
  expect(sentence?.("The program is not valid. bpftrace said: /home/bob: no")).toBe(
    "The program is not valid. bpftrace said: (redacted)",
  );
  expect(sentence?.("/proc/../home/bob/x failed")).not.toContain("bob");
});

const withoutNames = (snapshot: Snapshot): unknown =>
  JSON.parse(
    JSON.stringify(snapshot, (key, value) =>
      ["comm", "cgroup", "uid", "host", "blind", "why", "reason", "stack"].includes(key) ? undefined : value,
    ),
  );

test("figures are those of the recording that is not redacted, and each name has one pseudonym", async () => {
  for (const steps of fc.sample(histories, { seed: 11, numRuns: 30 })) {
    const { events } = live(steps).story;
    const [plain, redacted] = [await record(events), await record(events, { redact: true })];
    const [told, retold] = [readAll(plain), readAll(redacted)];
    expect(snapshots(retold).map(withoutNames)).toEqual(snapshots(told).map(withoutNames));
    expect(snapshots(readAll(copied(plain))).map(withoutNames)).toEqual(snapshots(told).map(withoutNames));
    const pseudonyms = new Map<string, string>();
    for (const [n, event] of told.entries()) {
      const again = retold[n];
      if (event.kind !== "process" || again?.kind !== "process") continue;
      expect(pseudonyms.get(event.comm) ?? again.comm).toBe(again.comm);
      pseudonyms.set(event.comm, again.comm);
    }
    expect(new Set(pseudonyms.values()).size).toBe(pseudonyms.size);
  }
}, 60_000);

test("what is the same stays the same, what is different different: also across files, and in no other recording", async () => {
  const { events } = namedStory();
  const directory = scratch();
  const names = async (file: string) => {
    const long = [...events, ...events.filter(({ kind }) => kind === "process" || kind === "self")];
    await record(long, { path: join(directory, file), redact: true });
    return readAll(join(directory, file)).flatMap((event) => (event.kind === "process" ? [event] : []));
  };
  const [first, other] = [await names("a.arrows"), await names("b.arrows")];
  const half = secret.comms.length;
  expect(first.length).toBeGreaterThanOrEqual(2 * half);
  expect(first.slice(half, 2 * half).map(({ comm }) => comm)).toEqual(first.slice(0, half).map(({ comm }) => comm));
  expect(new Set(first.map(({ comm }) => comm)).size).toBe(half);
  expect(first.filter(({ comm }) => other.some((each) => each.comm === comm))).toEqual([]);
  // The hierarchy stays: same parents, same beginnings; root stays root.
  expect(first[0]?.uid).toBe(0);
  expect(first[0]?.cgroup).toMatch(/^\/cg-[0-9a-z]{8}\/cg-[0-9a-z]{8}\/cg-[0-9a-z]{8}$/);
  expect(first[2]?.cgroup).toMatch(/^\/\/cg-[0-9a-z]{8}\/\/cg-[0-9a-z]{8}\/$/);
});

test("rotated files share their pseudonyms and say each that they are redacted", async () => {
  const directory = scratch();
  const { events } = namedStory();
  const many = Array.from({ length: 4 }, () => events).flat();
  await record(many, { path: join(directory, "t.arrows"), maxBytes: 1, redact: true });
  const files = readdirSync(directory).toSorted();
  expect(files.length).toBeGreaterThan(1);
  const comms = files.map((file) => {
    const trace = new TraceFile(join(directory, file));
    expect(trace.header?.redacted).toBe(true);
    const all = [...playback(trace)].flatMap(({ events: told }) => told);
    trace.close();
    expect(found(contents(join(directory, file)))).toEqual([]);
    return new Set(all.flatMap((event) => (event.kind === "process" ? [event.comm] : [])));
  });
  expect([...(comms.at(-1) ?? [])].toSorted()).toEqual([...(comms[0] ?? [])].toSorted());
});

test("single pages stay as they are, recorded redacted or copied", async () => {
  const { story, pages } = pagesStory();
  const asRead = (path: string) => readAll(path).filter(({ kind }) => kind === "page");
  const plain = await record(story.events);
  expect(asRead(plain)).toHaveLength(pages.length);
  expect(asRead(await record(story.events, { redact: true }))).toEqual(asRead(plain));
  expect(asRead(copied(plain))).toEqual(asRead(plain));
});

test("the head, the machine and every snapshot say it; without --redact none does", async () => {
  const { events } = namedStory();
  const last = (path: string) => snapshots(readAll(path)).at(-1);
  const plain = await record(events);
  const redacted = await record(events, { redact: true });
  expect(contents(redacted)).toContain(headerKey("redacted"));
  expect([new TraceFile(plain).header?.redacted, new TraceFile(redacted).header?.redacted]).toEqual([false, true]);
  expect([last(plain)?.host.redacted, last(redacted)?.host.redacted]).toEqual([false, true]);
  expect(last(copied(plain))?.host.redacted).toBe(true);
});

/** @returns the path of a redacted copy */
function copied(path: string): string {
  const file = new TraceFile(path);
  const copy = join(scratch(), "copy.arrows");
  writeFileSync(copy, Buffer.concat([...redactedCopy(file, new Redactor(), "secretscope test")]));
  file.close();
  return copy;
}

test("a copy of a damaged or cut recording is as incomplete as the recording", async () => {
  const { events } = namedStory();
  const path = await record(events, { redact: true });
  const whole = new TraceFile(copied(path));
  expect([whole.end, whole.damage]).toEqual(["whole", []]);
  whole.close();
  const place = new TraceFile(path).batches.at(-1);
  const bytes = readFileSync(path);
  const at = (place?.columns.offset ?? 0) + (place?.columns.headLength ?? 0) + 10;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  const damaged = join(scratch(), "damaged.arrows");
  writeFileSync(damaged, bytes);
  const ofDamaged = new TraceFile(copied(damaged));
  expect([ofDamaged.end, ofDamaged.batches.length]).toEqual(["cut", 0]);
  ofDamaged.close();
  truncateSync(path, bytes.length - 8);
  const ofCut = new TraceFile(copied(path));
  expect([ofCut.end, ofCut.batches.length]).toEqual(["cut", 1]);
  ofCut.close();
});
