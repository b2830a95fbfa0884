/** The head of one message, read without believing it: which kind, how long, and where its buffers lie. */
import { MessageHeader } from "apache-arrow";
import { BodyCompressionMethod } from "apache-arrow/fb/body-compression-method";
import { CompressionType } from "apache-arrow/fb/compression-type";
import { DictionaryBatch } from "apache-arrow/fb/dictionary-batch";
import { Message } from "apache-arrow/fb/message";
import { RecordBatch } from "apache-arrow/fb/record-batch";
import { Schema } from "apache-arrow/fb/schema";
import { ByteBuffer } from "flatbuffers";
import { checkHead } from "./checksum.ts";
import { Damaged } from "./damage.ts";
import { mostBodyBytes, mostColumns, mostMetadataBytes, mostRows } from "./limits.ts";

export type MessageKind = "schema" | "dictionary" | "columns";

export interface MessageHead {
  readonly kind: MessageKind;
  /** Bytes of the head, with the eight before the metadata. */
  readonly headLength: number;
  readonly bodyLength: number;
  readonly bodySum: number;
  /** The message's own metadata. */
  readonly about: ReadonlyMap<string, string>;
  readonly message: Message;
}

/** Length of a head whose first eight bytes are these; undefined when no message begins here. */
export function headLengthAt(start: Buffer): number | undefined {
  if (start.length < 8 || start.readUInt32LE(0) !== 0xffffffff) return undefined;
  const length = start.readInt32LE(4);
  return length >= 16 && length <= mostMetadataBytes && length % 8 === 0 ? 8 + length : undefined;
}

const kinds: Partial<Record<MessageHeader, MessageKind>> = {
  [MessageHeader.Schema]: "schema",
  [MessageHeader.DictionaryBatch]: "dictionary",
  [MessageHeader.RecordBatch]: "columns",
};
/** A message says a few things about itself; a writer from elsewhere may add some. */
const mostAbout = 64;

/** @returns undefined when the head is damaged: nothing that it says can be believed. */
export function readHead(head: Buffer): MessageHead | undefined {
  const bodySum = checkHead(head);
  if (bodySum === undefined) return undefined;
  const message = Message.getRootAsMessage(new ByteBuffer(head.subarray(8)));
  const kind = kinds[message.headerType() as unknown as MessageHeader];
  const bodyLength = Number(message.bodyLength());
  const entries = message.customMetadataLength();
  if (kind === undefined || !(bodyLength >= 0 && bodyLength <= mostBodyBytes) || entries > mostAbout) return undefined;
  const about = new Map<string, string>();
  for (let index = 0; index < entries; index++) {
    const entry = message.customMetadata(index);
    about.set(entry?.key() ?? "", entry?.value() ?? "");
  }
  return { kind, headLength: head.length, bodyLength, bodySum, about, message };
}

/** How buffers are packed: zstd since format 2.0, lz4 before. */
export type Codec = "lz4" | "zstd";

const codecs: Partial<Record<CompressionType, Codec>> = {
  [CompressionType.LZ4_FRAME]: "lz4",
  [CompressionType.ZSTD]: "zstd",
};

/** Where the columns of a batch lie in its body; those with the same content may lie in the same place. */
export interface BatchLayout {
  readonly rows: number;
  readonly codec: Codec;
  readonly nulls: readonly number[];
  readonly regions: readonly { readonly offset: number; readonly length: number }[];
}

/** @throws Damaged */
export function layoutOf({ kind, message, bodyLength }: MessageHead): BatchLayout {
  if (kind === "schema") throw new Damaged("a schema where a batch should be");
  const batch =
    kind === "columns"
      ? (message.header(new RecordBatch()) as RecordBatch | null)
      : dictionaryOf(message.header(new DictionaryBatch()) as DictionaryBatch | null);
  if (batch === null) throw new Damaged("a batch without a head");
  const rows = Number(batch.length());
  // A dictionary has at most a text for each of the text columns of each row.
  const most = kind === "columns" ? mostRows : mostRows * mostColumns;
  if (!(rows >= 0 && rows <= most)) throw new Damaged(`a batch claims ${rows} rows`);
  const compression = batch.compression();
  const codec = compression === null ? undefined : codecs[compression.codec()];
  if (
    codec === undefined ||
    compression?.method() !== BodyCompressionMethod.BUFFER ||
    batch.nodesLength() > mostColumns ||
    batch.buffersLength() > 2 * mostColumns
  ) {
    throw new Damaged("a batch is packed or laid out in another way");
  }
  const nulls = Array.from({ length: batch.nodesLength() }, (_, index) => {
    const node = batch.nodes(index);
    const count = Number(node?.nullCount());
    if (Number(node?.length()) !== rows || !(count >= 0 && count <= rows)) throw new Damaged("a column has other rows");
    return count;
  });
  const regions = Array.from({ length: batch.buffersLength() }, (_, index) => {
    const buffer = batch.buffers(index);
    const offset = Number(buffer?.offset());
    const length = Number(buffer?.length());
    if (!(offset >= 0 && length >= 0 && offset + length <= bodyLength)) throw new Damaged("a buffer lies outside");
    return { offset, length };
  });
  return { rows, codec, nulls, regions };
}

/** Which dictionary a message of that kind is. */
export const dictionaryIdOf = ({ message }: MessageHead): number =>
  Number((message.header(new DictionaryBatch()) as DictionaryBatch | null)?.id() ?? -1n);

function dictionaryOf(dictionary: DictionaryBatch | null): RecordBatch | null {
  if (dictionary === null) return null;
  if (dictionary.isDelta()) throw new Damaged("a dictionary that adds to another");
  return dictionary.data();
}

/** The schema of a message of that kind. @throws Damaged */
export function schemaOf({ message }: MessageHead): Schema {
  const schema = message.header(new Schema()) as Schema | null;
  if (schema === null || schema.fieldsLength() > mostColumns || schema.customMetadataLength() > mostAbout) {
    throw new Damaged("the schema cannot be read");
  }
  return schema;
}
