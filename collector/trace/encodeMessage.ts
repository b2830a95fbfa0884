/** One message of an Arrow IPC stream: a mark, the length of the metadata, the metadata, the body. */
import { MessageHeader, MetadataVersion, Schema } from "apache-arrow";
import { DictionaryBatch, Message, type RecordBatch } from "apache-arrow/ipc/metadata/message";
import { checksumKey, checksumPlace, sealHead } from "./checksum.ts";

/** Says that a message follows (Arrow columnar format, encapsulated message format). */
export const continuation = 0xffffffff;
/** Ends a stream. */
export const endOfStream = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

/** @param about goes into the message's own metadata, beside the checksum */
export function encodeMessage(
  header: Schema | RecordBatch | DictionaryBatch,
  body: readonly Uint8Array[],
  about: Readonly<Record<string, string>>,
): Uint8Array {
  const length = body.reduce((sum, part) => sum + part.length, 0);
  const type =
    header instanceof Schema
      ? MessageHeader.Schema
      : header instanceof DictionaryBatch
        ? MessageHeader.DictionaryBatch
        : MessageHeader.RecordBatch;
  const metadata = new Map([...Object.entries(about), [checksumKey, checksumPlace(body)] as const]);
  const encoded = Message.encode(new Message(length, MetadataVersion.V5, type, header, metadata));
  const head = Buffer.alloc((8 + encoded.length + 7) & ~7);
  head.writeUInt32LE(continuation, 0);
  head.writeInt32LE(head.length - 8, 4);
  head.set(encoded, 8);
  sealHead(head);
  return Buffer.concat([head, ...body]);
}
