/**
 * The checksums of a message, kept in its own metadata, where readers that do not know of them pass over: CRC-32 of the
 * head (the eight bytes before the metadata, and the metadata with this sum as zeros) and CRC-32 of the body.
 */
import { crc32 } from "node:zlib";

const label = "crc32=";
const digits = 8;
/** `crc32=HEAD,BODY`, in hexadecimal. */
const pattern = /^crc32=([0-9a-f]{8}),([0-9a-f]{8})$/;

export const checksumKey = "checksum";
const hex = (value: number) => value.toString(16).padStart(digits, "0");

/** What goes into the metadata before it is encoded; the sum of the head follows when there is a head. */
export function checksumPlace(body: readonly Uint8Array[]): string {
  return `${label}${hex(0)},${hex(body.reduce((sum, part) => crc32(part, sum), 0))}`;
}

/**
 * The flatbuffer is built back to front, and a message's own metadata last: its first occurrence is the place, whatever
 * a host's name may hold further on.
 */
export function sealHead(head: Buffer): void {
  const at = head.indexOf(label);
  if (at === -1) throw new Error("a message without a place for its checksum");
  head.write(hex(crc32(head)), at + label.length, "latin1");
}

/** @returns the body's sum, or undefined when the head is damaged. */
export function checkHead(head: Buffer): number | undefined {
  const at = head.indexOf(label);
  if (at === -1) return undefined;
  const [, headSum, bodySum] = pattern.exec(head.toString("latin1", at, at + label.length + 2 * digits + 1)) ?? [];
  if (headSum === undefined || bodySum === undefined) return undefined;
  const sumAt = at + label.length;
  const before = crc32(head.subarray(0, sumAt));
  const sum = crc32(head.subarray(sumAt + digits), crc32(hex(0), before));
  return sum === Number.parseInt(headSum, 16) ? Number.parseInt(bodySum, 16) : undefined;
}

export const isBody = (body: Uint8Array, sum: number) => crc32(body) === sum;
