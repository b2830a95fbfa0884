/** Claim: what lies in a batch is small because nothing lies there twice, and every row says whom it is about all the same. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { columnNames } from "../../../collector/trace/columns.ts";
import { encodeBatch } from "../../../collector/trace/encodeBatch.ts";
import { RowEncoder } from "../../../collector/trace/encodeRows.ts";
import { layoutOf } from "../../../collector/trace/messageHead.ts";
import { Presence, Validity } from "../../../collector/trace/presence.ts";
import { Subjects } from "../../../collector/trace/subjects.ts";
import { TraceFile } from "../../../collector/trace/traceFile.ts";
import { packZstd, unpackZstd } from "../../../collector/trace/zstd.ts";
import { oneOfEach } from "./everyKind.ts";
import { readAll, scratch } from "./recorded.ts";
import { messages } from "./rewritten.ts";

describe("whom rows are about", () => {
  /** What the three columns say in a row, through their dictionaries. */
  function said(subjects: Subjects, rows: number): number[][] {
    const [pids, started, inodes] = subjects.dictionaries().map((bytes) => new BigInt64Array(bytes.buffer));
    return Array.from(new Int32Array(subjects.data(rows).slice().buffer), (code) =>
      [pids, started, inodes].map((values) => Number(values?.[code])),
    );
  }

  // Few numbers, so that they meet again in every way; large ones, whose places are not exact.
  const number = fc.oneof(fc.nat(3), fc.constantFrom(2 ** 31, 2 ** 40, 2 ** 52, 2 ** 53 - 1, -1));
  const row = fc.record({ pid: fc.option(number), started: fc.option(number), inode: fc.option(number) });

  test("any rows say what they were told", () => {
    const subjects = new Subjects();
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), (rows) => {
        subjects.clear();
        rows.forEach(({ pid, started, inode }, n) => {
          if (pid !== null && started !== null && inode !== null) subjects.both(n, pid, started, inode);
          else if (pid !== null) subjects.process(n, pid, started ?? undefined);
          else if (inode !== null) subjects.file(n, inode);
        });
        const told = said(subjects, rows.length);
        rows.forEach(({ pid, started, inode }, n) => {
          const [a, b, c] = told[n] ?? [];
          if (pid !== null) expect(a).toBe(pid);
          if (pid !== null && started !== null) expect(b).toBe(started);
          if (inode !== null && (pid === null || started !== null)) expect(c).toBe(inode);
        });
      }),
    );
  });

  test("a process and its file have one code, whichever of them a row names", () => {
    const subjects = new Subjects();
    subjects.process(0, 7, 70);
    subjects.both(1, 7, 70, 400);
    subjects.file(2, 400);
    subjects.process(3, 7, 70);
    subjects.process(4, 7, 71);
    expect(subjects.size).toBe(2);
    expect(said(subjects, 5)).toEqual([...Array.from({ length: 4 }, () => [7, 70, 400]), [7, 71, 0]]);
  });
});

test("columns with the same content lie in the same place, and empty ones cost next to nothing", () => {
  const encoder = new RowEncoder();
  for (let n = 0; n < 2000; n++) encoder.add({ ...oneOfEach.allocated, pages: n as never });
  const batch = encodeBatch(encoder, { number: 1, checkpoint: false, from: 0n, to: 1n, wall: 0 });
  const columns = messages(batch).at(-1);
  if (columns === undefined) throw new Error("no batch");
  const { nulls, regions } = layoutOf(columns.head);
  const data = (name: string) => regions[2 * columnNames.indexOf(name as never) + 1];
  expect(data("started")).toEqual(data("pid"));
  expect(data("inode")).toEqual(data("pid"));
  expect(data("pages")).not.toEqual(data("pid"));
  const empty = columnNames.filter((_, index) => nulls[index] === 2000);
  expect(empty.length).toBeGreaterThan(30);
  // Bits, and values of one, four and eight bytes; each once.
  const places = new Set(empty.flatMap((name) => [regions[2 * columnNames.indexOf(name)], data(name)]).map(asText));
  expect(places.size).toBeLessThanOrEqual(4);
});

const asText = (value: unknown) => JSON.stringify(value);

test("which rows have a value, in any runs", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (rows) => {
      const presence = new Presence();
      rows.forEach((has, row) => {
        if (has) presence.mark(row);
      });
      const validity = new Validity(presence.bits(rows.length));
      expect(rows.map((_, row) => validity.has(row))).toEqual(rows);
      expect(presence.count).toBe(rows.filter(Boolean).length);
    }),
  );
});

test.each(["little", "much"] as const)("what is packed with %s effort comes back", (effort) => {
  const numbers = (length: number, number: (n: number) => number) =>
    new Uint8Array(BigInt64Array.from({ length }, (_, n) => BigInt(number(n))).buffer);
  for (const length of [1, 2, 31, 32, 200, 8192, 65_536]) {
    for (const bytes of [numbers(length, () => 7), numbers(length, (n) => (n * 2_654_435_761) % 2 ** 31)]) {
      expect(Buffer.compare(unpackZstd(Buffer.from(packZstd(bytes, effort)), bytes.length), bytes)).toBe(0);
    }
  }
});

test("figures that stay the same for long become nothing, with little effort too", () => {
  const epochs = new Uint8Array(BigInt64Array.from({ length: 65_536 }, (_, n) => (n % 500 === 0 ? 0n : 3n)).buffer);
  expect(packZstd(epochs, "little").length).toBeLessThan(epochs.length / 200);
});

test.each(["1.0", "1.1", "2.0"])("format %s with its head damaged: the rows are read all the same", (version) => {
  const sample = readFileSync(join(import.meta.dirname, `../../fixtures/traces/format-${version}.arrows`));
  const path = join(scratch(), "damaged.arrows");
  writeFileSync(path, sample);
  const whole = readAll(path);
  sample[100] = (sample[100] ?? 0) ^ 1;
  writeFileSync(path, sample);
  const file = new TraceFile(path);
  expect(file.header).toBeNull();
  expect(file.damage).toHaveLength(1);
  file.close();
  const read = readAll(path).filter(({ kind }) => kind === "allocated" || kind === "process");
  expect(read.length).toBeGreaterThan(0);
  expect(read).toEqual(whole.filter(({ kind }) => kind === "allocated" || kind === "process"));
});
