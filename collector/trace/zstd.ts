/** Zstandard, one frame at a time. WebAssembly: what a hostile frame could do to the decoder ends at its own memory. */
import { compress, decompress, init } from "@bokuweb/zstd-wasm";
import { Damaged } from "./damage.ts";

await init();

const frameMagic = 0xfd2fb528;
/** Bytes of the frame's content size, by the two highest bits of its descriptor (RFC 8878, 3.1.1.1). */
const sizeBytes = [0, 2, 4, 8] as const;
const dictionaryBytes = [0, 1, 2, 4] as const;
const singleSegment = 0x20;
const reservedBit = 0x08;
const checksumBit = 0x04;
const blockHeaderBytes = 3;
const runLengthBlock = 1;
const reservedBlock = 3;

/** How much is searched for what repeats: `much` takes some ten times as long, and makes a tenth less of it. */
export type Effort = "little" | "much";
/** What is nearly always the same: level 3 makes a hundredth of what level 1 makes of it, in a fifth of the time. */
const levels = { little: 1, much: 9, monotonous: 3 } as const;

export function packZstd(bytes: Uint8Array, effort: Effort): Uint8Array {
  const level = effort === "little" && isMonotonous(bytes) ? levels.monotonous : levels[effort];
  return compress(bytes as Buffer, level);
}

const looks = 256;

/** Most figures are those of the row before, as far as some looks here and there can tell. */
function isMonotonous(bytes: Uint8Array): boolean {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  if (words.length < 2 * looks) return false;
  const stride = (words.length - 2) / looks;
  let same = 0;
  for (let look = 0; look < looks; look++) {
    const at = Math.floor(look * stride);
    // Two words on is the next row's: of figures of eight bytes the same half, of those of four bytes the one after.
    if (words[at] === words[at + 2]) same++;
  }
  return same >= 0.9 * looks;
}

/**
 * @param length what the frame becomes; less than what the caller may allocate
 * @throws Damaged, before anything is allocated when it would become something else
 */
export function unpackZstd(frame: Buffer, length: number): Buffer {
  if (contentSize(frame) !== length) throw new Damaged("a buffer would unpack to another length than it claims");
  try {
    const bytes = decompress(frame);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  } catch (error) {
    throw new Damaged(`a buffer cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** What the frame says of itself; the decoder makes room for that and stops there. Nothing may follow it. */
function contentSize(frame: Buffer): number {
  if (frame.length < 9 || frame.readUInt32LE(0) !== frameMagic) throw new Damaged("a buffer is no Zstandard frame");
  const descriptor = frame.readUInt8(4);
  const isSingle = (descriptor & singleSegment) !== 0;
  const bytes = sizeBytes[descriptor >> 6] || (isSingle ? 1 : 0);
  if ((descriptor & reservedBit) !== 0 || bytes === 0) throw new Damaged("a Zstandard frame does not say its length");
  const sizeAt = 5 + (isSingle ? 0 : 1) + (dictionaryBytes[descriptor & 3] ?? 0);
  let at = sizeAt + bytes;
  for (let isLast = false; !isLast; ) {
    if (at + blockHeaderBytes > frame.length) throw new Damaged("a Zstandard frame is cut");
    const block = frame.readUIntLE(at, blockHeaderBytes);
    const type = (block >> 1) & 3;
    if (type === reservedBlock) throw new Damaged("a Zstandard frame has an unknown block");
    isLast = (block & 1) === 1;
    at += blockHeaderBytes + (type === runLengthBlock ? 1 : block >> 3);
  }
  if (at + ((descriptor & checksumBit) !== 0 ? 4 : 0) !== frame.length) {
    throw new Damaged("a buffer is more or less than one Zstandard frame");
  }
  const field = frame.subarray(sizeAt, sizeAt + bytes);
  // Two bytes count from 256 (3.1.1.1.4).
  if (bytes === 2) return field.readUInt16LE(0) + 256;
  return bytes === 8 ? Number(field.readBigUInt64LE(0)) : field.readUIntLE(0, bytes);
}
