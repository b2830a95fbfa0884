/** Claim: a newer minor version is read with a note, a newer major one refused with the program that reads it. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Field, Int16, Int64, Uint32 } from "apache-arrow";
import { describe, expect, test } from "vitest";
import type { Event } from "../../../collector/events.ts";
import { encodeBatch } from "../../../collector/trace/encodeBatch.ts";
import { RowEncoder } from "../../../collector/trace/encodeRows.ts";
import { currentFormat, headerKey, schemaFields } from "../../../collector/trace/header.ts";
import { layoutOf } from "../../../collector/trace/messageHead.ts";
import { playback } from "../../../collector/trace/playback.ts";
import type { Row } from "../../../collector/trace/rows.ts";
import { TraceFile } from "../../../collector/trace/traceFile.ts";
import { oneOfEach } from "./everyKind.ts";
import { expectLived } from "./lived.ts";
import { grouped, pieces, scratch, someHistory } from "./recorded.ts";
import { messages, rewritten, schemaWith } from "./rewritten.ts";

const [head = new Uint8Array(), ...batches] = pieces(grouped(someHistory(), 2));
const end = batches.pop() ?? new Uint8Array();
const facts = () => new Map(Object.entries(Object.fromEntries(schemaEntries())));

function schemaEntries(): [string, string][] {
  return [
    [headerKey("format"), "1.0"],
    [headerKey("tool"), "secretscope 9.9.9"],
    [headerKey("monotonic"), "1000000000"],
    [headerKey("wall"), "1700000000000"],
    [headerKey("file"), "1"],
    [headerKey("host"), "null"],
    [headerKey("plan"), "null"],
  ];
}

function opened(...parts: Uint8Array[]): { file: TraceFile; events: Event[] } {
  const path = join(scratch(), "version.arrows");
  writeFileSync(path, Buffer.concat(parts));
  const file = new TraceFile(path);
  const events = [...playback(file)].flatMap((part) => part.events);
  file.close();
  return { file, events };
}

test("a column that this version does not know is passed over, with a note", () => {
  const added = batches.map((piece) => {
    const all = messages(piece);
    const columns = all.at(-1);
    if (columns === undefined) throw new Error("no batch");
    const { rows, nulls, regions } = layoutOf(columns.head);
    const extra = Buffer.alloc(8 + 8 * rows);
    extra.writeBigInt64LE(-1n, 0);
    const changed = rewritten(columns, {
      nodes: [...nulls.map((count) => ({ rows, nulls: count })), { rows, nulls: 0 }],
      regions: [
        ...regions,
        { offset: columns.body.length, length: 0 },
        { offset: columns.body.length, length: extra.length },
      ],
      body: Buffer.concat([columns.body, extra]),
    });
    return Buffer.concat([piece.subarray(0, piece.length - columns.head.headLength - columns.body.length), changed]);
  });
  const newer = schemaWith(
    [...schemaFields(), new Field("moon_phase", new Int64(), true)],
    facts().set(headerKey("format"), `${currentFormat.major}.${currentFormat.minor + 1}`),
  );
  const { file, events } = opened(newer, ...added, end);
  expect(file.note).toContain("written by secretscope 9.9.9; what is newer than 2.0 is not shown");
  expect(file.damage).toEqual([]);
  expect(events).toEqual(opened(head, ...batches, end).events);
});

test("rows of a kind that this version does not know are passed over, with a note", () => {
  const encoder = new RowEncoder();
  const { self, page, created } = oneOfEach;
  for (const row of [self, { ...created, kind: "moonrise" } as unknown as Row, page, { ...self, cpuSeconds: 2 }]) {
    encoder.add(row);
  }
  const { from, to } = encoder;
  const batch = encodeBatch(encoder, { number: 1, checkpoint: false, from, to, wall: 0 });
  const written = (minor: number) =>
    schemaWith(schemaFields(), facts().set(headerKey("format"), `${currentFormat.major}.${minor}`));
  const newer = opened(written(currentFormat.minor + 1), batch, end);
  expect(newer.file.damage).toEqual([]);
  expect(newer.file.note).toContain("is not shown");
  expect(newer.events.map(({ kind }) => kind)).toEqual(["self", "page", "page", "page", "self"]);
  // Where nobody has said that there is something new, it is damage.
  expect(opened(written(currentFormat.minor), batch, end).file.damage).toMatchObject([
    { batch: 1, reason: expect.stringContaining("kind that cannot be") },
  ]);
});

test("columns of other widths are passed over where they are not known, and refused where they are", () => {
  const version = facts().set(headerKey("format"), `${currentFormat.major}.${currentFormat.minor + 1}`);
  const changed = (name: string, type: Int16 | Uint32) =>
    schemaFields().map((field) => (field.name === name ? new Field(name, type, true) : field));
  expect(() => opened(schemaWith(changed("pid", new Uint32()), version), end)).toThrow("column pid is of another kind");
  expect(() => opened(schemaWith(changed("after_ns", new Int16()), version), end)).toThrow("column after_ns is of");
  expect(() =>
    opened(schemaWith([...schemaFields(), new Field("tide", new Int16(), true)], version), end),
  ).not.toThrow();
});

test("another major version is refused with the program that reads it", () => {
  const newer = schemaWith(schemaFields(), facts().set(headerKey("format"), `${currentFormat.major + 1}.0`));
  expect(() => opened(newer, ...batches, end)).toThrow(
    "is in format 3.0, written by secretscope 9.9.9; this version reads formats up to 2",
  );
});

test("a stream of someone else is no recording", () => {
  expect(() => opened(schemaWith(schemaFields(), new Map()), ...batches, end)).toThrow(
    "is an Arrow stream, but no recording",
  );
});

/** Recorded by test/fixtures/traces/record.mjs on this kernel; a file of each format version stays for good. */
describe("recordings of earlier versions", () => {
  const folder = join(import.meta.dirname, "../../fixtures/traces");
  const names = readdirSync(folder).filter((name) => /^format-.*\.arrows$/.test(name));
  test("there is one of this version", () => {
    expect(names).toContain(`format-${currentFormat.major}.${currentFormat.minor}.arrows`);
  });
  test.each(names)("%s replays as the snapshots that were shown live", (name) => {
    expectLived(join(folder, name), readFileSync(join(folder, name.replace(".arrows", ".jsonl"))));
  });
});
