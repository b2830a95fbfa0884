/** Messages of a trace changed on purpose, with checksums that match: what only a hostile or another writer makes. */

import { crc32 } from "node:zlib";
import { CompressionType, Schema } from "apache-arrow";
import {
  BodyCompression,
  BufferRegion,
  DictionaryBatch,
  FieldNode,
  RecordBatch,
} from "apache-arrow/ipc/metadata/message";
import { sealHead } from "../../../collector/trace/checksum.ts";
import { encodeMessage } from "../../../collector/trace/encodeMessage.ts";
import {
  dictionaryIdOf,
  headLengthAt,
  layoutOf,
  type MessageHead,
  readHead,
} from "../../../collector/trace/messageHead.ts";

export interface Message {
  readonly head: MessageHead;
  readonly body: Buffer;
}

export function messages(piece: Uint8Array): Message[] {
  const bytes = Buffer.from(piece);
  const found: Message[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = headLengthAt(bytes.subarray(at, at + 8)) ?? 0;
    const head = readHead(bytes.subarray(at, at + length));
    if (head === undefined) throw new Error("no message");
    const body = bytes.subarray(at + length, at + length + head.bodyLength);
    found.push({ head, body });
    at += length + head.bodyLength;
  }
  return found;
}

/** The same bytes with both checksums made to match. */
export function resealed(message: Uint8Array, headLength: number): Buffer {
  const bytes = Buffer.from(message);
  const head = bytes.subarray(0, headLength);
  const at = head.indexOf("crc32=");
  if (at === -1) return bytes;
  const sum = crc32(bytes.subarray(headLength)).toString(16).padStart(8, "0");
  head.write(`crc32=00000000,${sum}`, at, "latin1");
  sealHead(head);
  return bytes;
}

export interface Change {
  readonly rows?: number;
  readonly nodes?: readonly { readonly rows: number; readonly nulls: number }[];
  readonly regions?: readonly { readonly offset: number; readonly length: number }[];
  readonly body?: Uint8Array;
  readonly codec?: CompressionType;
}

export function rewritten({ head, body }: Message, change: Change): Uint8Array {
  const { rows, nulls, regions } = layoutOf(head);
  const batch = new RecordBatch(
    change.rows ?? rows,
    (change.nodes ?? nulls.map((count) => ({ rows, nulls: count }))).map(
      (node) => new FieldNode(node.rows, node.nulls),
    ),
    (change.regions ?? regions).map(({ offset, length }) => new BufferRegion(offset, length)),
    new BodyCompression(change.codec ?? CompressionType.ZSTD),
  );
  const { checksum: _, ...about } = Object.fromEntries(head.about);
  const header = head.kind === "dictionary" ? new DictionaryBatch(batch, dictionaryIdOf(head), false) : batch;
  return encodeMessage(header, [change.body ?? body], about);
}

export const schemaWith = (fields: Schema["fields"], metadata: Map<string, string>) =>
  encodeMessage(new Schema(fields, metadata), [], {});
