/**
 * Claim: a trace is a standard Arrow stream. Two readers that know nothing of secretscope find the rows that were
 * written: polars, and apache-arrow's own. (Its writer, up to 21.2.0, puts another length before compressed buffers than
 * the format wants, which is why ours does not use it; the last test shows when that was mended.)
 */

import { compress, decompress } from "@bokuweb/zstd-wasm";
import {
  CompressionType,
  compressionRegistry,
  RecordBatchStreamWriter,
  tableFromArrays,
  tableFromIPC,
} from "apache-arrow";
import pl from "nodejs-polars";
import { expect, test } from "vitest";
import type { Event, PageEvent } from "../../../collector/events.ts";
import { columnNames, columns } from "../../../collector/trace/columns.ts";
import { Novelty } from "../../../collector/trace/novelty.ts";
import type { Row } from "../../../collector/trace/rows.ts";
import { grouped, pieces, someHistory } from "./recorded.ts";

const bytes = Buffer.concat(pieces(grouped(someHistory(), 5)));
const written: Row[] = [];
const novelty = new Novelty((row) => written.push(row));
const isPage = (event: Event) => event.kind === "page";
const singlePages = someHistory().filter(isPage) as PageEvent[];
for (const event of someHistory()) if (event.kind !== "page") novelty.take(event);

compressionRegistry.set(CompressionType.ZSTD, {
  encode: (data) => compress(Buffer.from(data)),
  decode: (data) => decompress(Buffer.from(data)),
});

type Cells = Readonly<Record<string, unknown>>;

/** Said a second time, field by field, and not by the encoder. */
function cells(row: Row): Cells {
  const field = (name: string) => (row as unknown as Cells)[name] ?? null;
  const victim = row.kind === "oomKill" ? row.victim : undefined;
  const counts = row.kind === "kernel" || row.kind === "ownSplits" ? row.splits : undefined;
  return {
    at: Number(row.at),
    kind: row.kind,
    checkpoint: false,
    pid: victim?.pid ?? field("pid"),
    started: field("started"),
    epoch: field("epoch"),
    inode: field("inode"),
    kill: field("kill"),
    pages: field("pages"),
    count: field("count"),
    cause: field("cause"),
    level: field("level"),
    stack: row.kind === "split" ? row.stack.join("\n") : null,
    comm: victim?.comm ?? field("comm"),
    descriptors: field("descriptors"),
    mapped: field("mappedBytes"),
    repeats: field("repeats"),
    splits_2m: counts?.["2m"] ?? null,
    splits_1g: counts?.["1g"] ?? null,
    wall: field("wall"),
    sequence: field("sequence"),
  };
}

const chosen = Object.keys(cells(written[0] as Row));
const plain = (row: Cells) =>
  Object.fromEntries(chosen.map((name) => [name, typeof row[name] === "bigint" ? Number(row[name]) : row[name]]));

test("polars", () => {
  const texts = columnNames.filter((name) => columns[name].type === "text");
  const frame = pl.readIPCStream(bytes).withColumns(...texts.map((name) => pl.col(name).cast(pl.Utf8)));
  expect(frame.columns.toSorted()).toEqual(columnNames.toSorted());
  const others = frame.filter(pl.col("kind").neq(pl.lit("page")));
  expect((others.toRecords() as Cells[]).map(plain)).toEqual(written.map(cells));
});

test("polars: each page, with its time as docs/trace-format.md says it is put together", () => {
  expect(singlePages.length).toBeGreaterThan(10);
  const kind = pl.col("kind").cast(pl.Utf8);
  const pages = pl
    .readIPCStream(bytes)
    .withColumns(kind)
    .filter(pl.col("kind").eq(pl.lit("page")));
  const half = (name: string) => pl.col(name).cast(pl.Int64).fillNull(pl.lit(0));
  const step = half("after_ns").plus(half("after_high").multiplyBy(pl.lit(65_536)));
  const burst = pl.col("after_ns").isNull().cumSum();
  const told = pages.withColumns(pl.col("at").plus(step.cumSum().over(burst)).alias("time")).toRecords() as Cells[];
  const fields = ({ time, pid, started, inode, block, taken }: Cells) =>
    [time, pid, started, inode, block, taken].map(String).join(" ");
  expect(told.map(fields).toSorted()).toEqual(singlePages.map((page) => fields({ ...page, time: page.at })).toSorted());
});

test("apache-arrow", () => {
  const read = [...tableFromIPC(bytes)].map((row) => row?.toJSON() ?? {}).filter(({ kind }) => kind !== "page");
  expect(read.map(plain)).toEqual(written.map(cells));
});

test("apache-arrow's own compressed streams are still refused by polars", () => {
  const writer = new RecordBatchStreamWriter({ compressionType: CompressionType.ZSTD });
  writer.writeAll(tableFromArrays({ n: new Int32Array(1000) }));
  writer.finish();
  expect(() => pl.readIPCStream(Buffer.from(writer.toUint8Array(true)))).toThrow();
});
