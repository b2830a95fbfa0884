/** docs/trace-format.md, made from the declaration of the columns. `node dist/collector/trace/documentation.js` writes it. */
import { type ColumnDeclaration, columns, formatVersion, requiredColumns, rowKinds } from "./columns.ts";
import { headerKey, headerKeys } from "./header.ts";
import { mostBodyBytes, mostMetadataBytes, mostRows } from "./limits.ts";
import { hostTreatments, planTreatments, type Treatment, treatmentSays, treatments } from "./redaction/treatments.ts";

const arrowTypes = {
  int: "int64",
  u16: "uint16",
  u32: "uint32",
  float: "float64",
  bool: "bool",
  text: "dictionary(int32, utf8)",
  id: "dictionary(int32, int64)",
} as const;

const heads: Readonly<Record<keyof typeof headerKeys, string>> = {
  format: "version of the format, MAJOR.MINOR",
  tool: "who wrote it",
  monotonic: "CLOCK_MONOTONIC when the file was begun, ns",
  wall: "the wall clock at the same time, ms since 1970, UTC",
  file: "which file of a recording this is, from 1",
  redacted: "true: names were replaced by pseudonyms, see Redaction",
  host: "JSON: the machine (name, kernel, bootId, memoryBytes, pageBytes, accounting, secretDevice), or null",
  plan: "JSON: routes by fact, blind spots with reason and remedy, intervalMs, inFlight (descriptors in flight at the start; absent: none); or null",
};

export function documentation(): string {
  return `<!-- Made by collector/trace/documentation.ts from columns.ts; a test compares. Do not edit. -->
# The trace format, version ${formatVersion.major}.${formatVersion.minor}

A recording of secretscope is a standard [Apache Arrow](https://arrow.apache.org/docs/format/Columnar.html) IPC stream
(\`.arrows\`), each buffer compressed with Zstandard. Any Arrow reader opens it:

\`\`\`python
import pyarrow.ipc                                        # pandas: .to_pandas(); DuckDB: SELECT ... FROM trace
trace = pyarrow.ipc.open_stream("incident.arrows").read_all()
import polars                                             # polars
trace = polars.read_ipc_stream("incident.arrows")
\`\`\`

One wide table: a row is an event or a sample, \`kind\` says which, and columns that do not concern it are null. Rows are in
the order in which the collector learned of them, which is nearly the order of \`at\`. Whatever secretscope shows is made
from these rows by its ledger; nothing derived is stored.

Text a process could have chosen (\`comm\`, \`cgroup\`) is stored as it was, unless it is redacted: treat it as hostile.

## Head

Metadata of the schema:

| key | meaning |
| --- | --- |
${(Object.keys(headerKeys) as (keyof typeof headerKeys)[]).map((name) => `| \`${headerKey(name)}\` | ${heads[name]} |`).join("\n")}

## Kinds of rows

| kind | meaning |
| --- | --- |
${Object.entries(rowKinds)
  .map(([kind, says]) => `| \`${kind}\` | ${says} |`)
  .join("\n")}

Counters (\`allocated\`, \`freed\`, \`split\`, \`refused\`, \`requests\`) are totals since their \`epoch\` began: a figure of a period
is the last row less the last one before it. A row that would only repeat what the last one of the same counter said is
not written; a counter without a new row has not moved. Nor is a \`fileSize\` that agrees with the counters of its file. In
the same way a \`scan\` with \`repeats\` stands for all holdings that were not named or released since the scan before.

## Single pages

A recording made with \`--detail page\` has a row \`page\` for each page, beside the counters, which stay what figures are made
of. They lie in bursts: of one process, one file and one direction, in the order of time; within a batch bursts follow
all other rows. A row without \`after_ns\` begins a burst, and \`at\` is its time; the next rows have the same \`at\`, and
\`after_high\` and \`after_ns\` are the two halves of the time since the row before. In polars:

\`\`\`python
from polars import col, Int64
step = col("after_ns").cast(Int64).fill_null(0) + 65536 * col("after_high").cast(Int64).fill_null(0)
burst = col("after_ns").is_null().cum_sum()
pages = trace.filter(col("kind") == "page").with_columns(time=col("at") + step.cum_sum().over(burst))
\`\`\`

A time is eight bytes that no packer shortens; a step of microseconds to the row before has a lower half of two bytes, of
which a packer leaves some 1.2 to 1.6, and an upper half of zeros. What is here is what arrived: lines that were lost are
rows \`lost\`, and the counters say how many pages there were.

## Columns

| column | type | unit | rows | meaning |
| --- | --- | --- | --- | --- |
${Object.entries(columns).map(columnLine).join("\n")}

## Redaction

With \`--redact\`, and by \`secretscope redact\`, names are replaced before they are written; a column that is not named
here stays as it was. The same name has the same pseudonym in one recording, all of its files included, and another one
in the next: they are keyed (HMAC-SHA-256) with random bytes that are never stored, so that a list of common names does not
give them away. What stays: process numbers, inodes, times, sizes, numbers of 2M blocks, the kernel's release. Whoever can read that machine's
logs can still tell who a process number was.

| | becomes |
| --- | --- |
${redactionLines().join("\n")}

## Batches

A batch is four dictionary messages, with the texts and the numbers of this batch alone, and a record batch message: it can
be read without any other. \`pid\`, \`started\` and \`inode\` have a dictionary each and the same codes: a code stands for a
process and its file together, so dictionaries may name a number more than once. Buffers of a message that are the same
lie in the same place of its body. At most one a second is written; routine samples wait up to a minute for company, a
split, a refusal or an OOM kill a second. At most ${mostRows.toLocaleString("en")} rows; metadata of at most ${mostMetadataBytes >> 20} MiB, a body of at most ${mostBodyBytes >> 20} MiB.

Each message's own metadata says \`batch\` (its number, from 1), that of the record batch also \`rows\`, \`from\` and \`to\` (least
and greatest time), \`wall\` (the wall clock at \`from\`, ms) and \`holds\` (\`events\` or \`checkpoint\`), and each \`checksum\`:
\`crc32=HEAD,BODY\`, two CRC-32 in hexadecimal. BODY is that of the body; HEAD that of the eight bytes before the metadata
and the metadata, with HEAD itself as zeros. A batch whose checksum does not match is not used: it is named with its
time, and shown as a gap.

A stream that ends without Arrow's end mark was cut: what comes before is whole.

## Versions

A newer minor version may add columns and kinds; a reader shows what it knows and says so. A newer major version may
change anything, and is refused with the name of the program that wrote it.

- 1.0: the first.
- 1.1: \`secretscope.redacted\` in the head, and \`redacted\` among the facts of the machine.
- 2.0: Zstandard in place of LZ4 frames; \`pid\`, \`started\` and \`inode\` are dictionary-coded; buffers share places. About a
  third of the bytes, and readers of format 1 cannot unpack it, which is why it is another major version. Rows \`page\` with
  \`after_ns\`, \`after_high\`, \`block\` and \`taken\`. Kinds of rows that a newer minor version adds are passed over.

This version of secretscope reads all of these.
`;
}

/** Columns and facts that are treated alike, in one line. */
function redactionLines(): string[] {
  const places = (treatment: Treatment) => [
    ...named(treatments, treatment),
    ...named(hostTreatments, treatment).map((name) => `host: ${name}`),
    ...named(planTreatments, treatment).map((name) => `plan: ${name}`),
  ];
  return (Object.keys(treatmentSays) as Treatment[])
    .filter((treatment) => treatment !== "kept")
    .map((treatment) => {
      const names = places(treatment).map((name) => `\`${name}\``);
      return `| ${names.join(", ")} | ${treatmentSays[treatment]} |`;
    });
}

const named = (all: Readonly<Record<string, Treatment>>, treatment: Treatment) =>
  Object.keys(all).filter((name) => all[name] === treatment);

function columnLine([name, column]: [string, ColumnDeclaration]): string {
  const { type, kinds, unit = "", says } = column;
  const rows = kinds === "all" ? "all" : kinds.map((kind) => `\`${kind}\``).join(", ");
  return `| \`${name}\` | ${arrowTypes[type]}${requiredColumns.has(name) ? ", never null" : ""} | ${unit} | ${rows} | ${says} |`;
}
