/** One buffer of a batch, unpacked. Nothing is unpacked before it is known that it will not become more than it may. */
import { decompressFrameSync } from "lz4-napi";
import { Damaged } from "./damage.ts";
import type { Codec } from "./messageHead.ts";
import { unpackZstd } from "./zstd.ts";

const frameMagic = 0x184d2204;
/** Greatest size of one block, by the number in the frame's descriptor (LZ4 frame format 1.6.1, BD byte). */
const blockSizes: Readonly<Record<number, number>> = { 4: 64 << 10, 5: 256 << 10, 6: 1 << 20, 7: 4 << 20 };
/** Block length: the highest bit says that the block is not packed. */
const lengthBits = 0x7fffffff;

/**
 * @param packed eight bytes with the length before packing (-1: not packed), then the content
 * @param expected how long the result has to be, at least; columns may be padded to a multiple of 64
 * @throws Damaged
 */
export function unpack(packed: Buffer, expected: number, codec: Codec): Buffer {
  if (expected === 0 && packed.length === 0) return packed;
  if (packed.length < 8) throw new Damaged("a buffer is too short");
  const claimed = packed.readBigInt64LE(0);
  const content = packed.subarray(8);
  if (claimed === -1n) return fitting(content, expected);
  if (claimed < 0n || claimed > BigInt(expected + 64))
    throw new Damaged("a buffer claims another length than it may have");
  const bytes = codec === "zstd" ? unpackZstd(content, Number(claimed)) : unpackLz4(content, Number(claimed));
  if (bytes.length !== Number(claimed)) throw new Damaged("a buffer unpacks to another length than it claims");
  return fitting(bytes, expected);
}

function unpackLz4(frame: Buffer, length: number): Buffer {
  if (mostUnpacked(frame) > length) throw new Damaged("a buffer would unpack to more than it claims");
  try {
    return decompressFrameSync(frame);
  } catch (error) {
    throw new Damaged(`a buffer cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function fitting(bytes: Buffer, expected: number): Buffer {
  if (bytes.length < expected || bytes.length > expected + 64) {
    throw new Damaged("a buffer has another length than its rows need");
  }
  return bytes;
}

/** What the frame can become at most short of its last block: each earlier block is full. */
function mostUnpacked(frame: Buffer): number {
  if (frame.length < 11 || frame.readUInt32LE(0) !== frameMagic) throw new Damaged("a buffer is no LZ4 frame");
  const flags = frame.readUInt8(4);
  const size = blockSizes[(frame.readUInt8(5) >> 4) & 7];
  if (size === undefined) throw new Damaged("an LZ4 frame has an unknown size of blocks");
  const checksum = flags & 0x10 ? 4 : 0;
  // Optional: content size, dictionary id. Then one byte of checksum.
  let at = 7 + (flags & 0x08 ? 8 : 0) + (flags & 0x01 ? 4 : 0);
  let before = 0;
  for (;;) {
    if (at + 4 > frame.length) throw new Damaged("an LZ4 frame is cut");
    const length = frame.readUInt32LE(at) & lengthBits;
    if (length === 0) return Math.max(0, before - size);
    before += size;
    at += 4 + length + checksum;
  }
}
