/** Claim: rows of pages that no recorder writes are damage, named as such; they are never read as other pages. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { PageBurst } from "../../../collector/events.ts";
import { encodeBatch } from "../../../collector/trace/encodeBatch.ts";
import { RowEncoder } from "../../../collector/trace/encodeRows.ts";
import { playback } from "../../../collector/trace/playback.ts";
import type { Row } from "../../../collector/trace/rows.ts";
import { TraceFile } from "../../../collector/trace/traceFile.ts";
import { inode, monotonicNs, pid, startTicks } from "../../../collector/units.ts";
import { oneOfEach } from "./everyKind.ts";
import { pieces, readSeen, scratch } from "./recorded.ts";

/** Two bursts of one page each, what `change` does to them, and an ordinary row. */
function readChanged(change: (encoder: RowEncoder) => void, second: Partial<PageBurst> = {}) {
  const encoder = new RowEncoder();
  const single = { ...oneOfEach.page, steps: Uint32Array.of(0), blocks: Uint32Array.of(5) };
  encoder.add(single);
  encoder.add({ ...single, ...second });
  change(encoder);
  encoder.add(oneOfEach.self);
  const { from, to } = encoder;
  const [head = new Uint8Array()] = pieces([]);
  const path = join(scratch(), "pages.arrows");
  const batch = encodeBatch(encoder, { number: 1, checkpoint: false, from, to, wall: 0 });
  writeFileSync(path, Buffer.concat([head, batch]));
  const file = new TraceFile(path);
  const kinds = [...playback(file)].flatMap(({ events }) => events.map(({ kind }) => kind));
  file.close();
  return { kinds, reasons: file.damage.map(({ reason }) => reason) };
}

const one = Uint16Array.of(1);

const continues = ({ columns }: RowEncoder) => {
  columns.after_ns.setMany(1, one);
  columns.after_high.setMany(1, one);
};

test("as they are written, and one that continues the burst before it", () => {
  expect(readChanged(() => {})).toEqual({ kinds: ["page", "page", "self"], reasons: [] });
  expect(readChanged(continues)).toEqual({ kinds: ["page", "page", "self"], reasons: [] });
});

const others: Partial<PageBurst>[] = [
  { at: monotonicNs(3n) },
  { pid: pid(3) },
  { started: startTicks(3) },
  { inode: inode(3) },
  { taken: false },
];

test.each(others)("a page that continues a burst of others: %o", (other) => {
  const { kinds, reasons } = readChanged(continues, other);
  expect(kinds).toEqual(["gap"]);
  expect(reasons).toEqual(["row 1 is no page of the burst before it"]);
});

const changes: readonly (readonly [string, (encoder: RowEncoder) => void, string])[] = [
  [
    "continues nothing",
    ({ columns }) => columns.after_ns.setMany(0, one),
    "row 0 continues a burst of pages that did not begin",
  ],
  [
    "continues by half a time",
    ({ columns }) => columns.after_ns.setMany(1, one),
    "row 1 is no page of the burst before it",
  ],
  ["has no block", ({ columns }) => columns.block.clear(), "row 0 has no block"],
  ["has no process", ({ columns }) => columns.pid.clear(), "row 0 has no pid"],
  ["does not say which way", ({ columns }) => columns.taken.clear(), "row 0 has no taken"],
];

test.each(changes)("a page that %s", (_, change, reason) => {
  const { kinds, reasons } = readChanged(change);
  expect(kinds).toEqual(["gap"]);
  expect(reasons).toEqual([reason]);
});

test("between two halves of a look they do not part it", () => {
  const encoder = new RowEncoder();
  const batch = (number: number, rows: readonly Row[]) => {
    for (const row of rows) encoder.add(row);
    const { from, to } = encoder;
    const bytes = encodeBatch(encoder, { number, checkpoint: false, from, to, wall: 0 });
    encoder.clear();
    return bytes;
  };
  const { holding, scan, page } = oneOfEach;
  const other = { ...holding, inode: inode(6) };
  const [head = new Uint8Array()] = pieces([]);
  const path = join(scratch(), "look.arrows");
  writeFileSync(
    path,
    Buffer.concat([head, batch(1, [{ ...scan, repeats: false }, holding, page]), batch(2, [other, scan])]),
  );
  const seen = readSeen(path);
  expect(seen.map(({ kind }) => kind)).toEqual(["scan", "pageBurst", "lookChange"]);
  expect(seen.at(-1)).toMatchObject({ changed: [holding, other] });
});
