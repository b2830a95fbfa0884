/** Claim: every row is read as it was written, also where something in it is unknown, and names stay as they came. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encodeBatch } from "../../../collector/trace/encodeBatch.ts";
import { RowEncoder } from "../../../collector/trace/encodeRows.ts";
import type { Row } from "../../../collector/trace/rows.ts";
import { TraceFile } from "../../../collector/trace/traceFile.ts";
import { oneOfEach } from "./everyKind.ts";
import { pieces, scratch } from "./recorded.ts";

function throughFile(rows: readonly Row[]): readonly Row[] {
  const encoder = new RowEncoder();
  for (const row of rows) encoder.add(row);
  const { from, to } = encoder;
  const [head = new Uint8Array()] = pieces([]);
  const path = join(scratch(), "rows.arrows");
  writeFileSync(path, Buffer.concat([head, encodeBatch(encoder, { number: 1, checkpoint: false, from, to, wall: 0 })]));
  const file = new TraceFile(path);
  const [place] = file.batches;
  const read = place === undefined ? [] : [...file.rows(place)];
  file.close();
  return read.flatMap((part) => {
    if ("reason" in part) throw new Error(part.reason);
    return part;
  });
}

const unknown = { uid: null, cgroup: null };
const { plan, host, kernel, holding, process, oomKill, self, split, requests, probes } = oneOfEach;
const withNulls: Row[] = [
  { ...host, accounting: null, secretDevice: null },
  { ...plan, routes: {}, blind: [] },
  {
    ...kernel,
    splits: { "2m": null, "1g": null },
    collapses: { "2m": null, "1g": null },
    directMapBytes: { "4k": null, "2m": null, "1g": null },
    oomKills: null,
    unevictableBytes: null,
  },
  { ...holding, residentBytes: null, proportionalBytes: null, memlockLimitBytes: null },
  { ...process, ...unknown, comm: "" },
  {
    ...oomKill,
    victim: { ...oomKill.victim, ...unknown },
    trigger: { ...oomKill.trigger, ...unknown },
    constraint: null,
    cgroup: null,
  },
  { ...self, probeNsPerEvent: null },
  { ...split, level: null, stack: [] },
  { ...requests, totalNs: null },
  { ...probes, pid: null },
];

test("one of each", () => {
  const rows = Object.values(oneOfEach);
  expect(throughFile(rows)).toEqual(rows);
});

test("with everything unknown that can be", () => {
  expect(throughFile(withNulls)).toEqual(withNulls);
});

test("many of all, so that every column has holes", () => {
  const rows = Array.from({ length: 5000 }, (_, n) => [...Object.values(oneOfEach), ...withNulls][(n * 7) % 33] as Row);
  expect(throughFile(rows)).toEqual(rows);
});
