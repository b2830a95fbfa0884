/** The size of a page. */
import { readFileSync } from "node:fs";
import { endianness } from "node:os";
import { type Bytes, bytes } from "../../units.ts";
import { defaultProcRoot } from "./procFile.ts";

/** AT_PAGESZ, include/uapi/linux/auxvec.h: Node has no name for it, and arm64 kernels come with 4, 16 and 64 KiB. */
const pageSizeEntry = 6n;
const pairBytes = 16;
const known = new Map<string, Bytes>();

/** From this process's auxiliary vector: pairs of 64-bit words. Throws when there is none: no figure in pages can be right. */
export function pageBytes(procRoot: string = defaultProcRoot): Bytes {
  let size = known.get(procRoot);
  if (size === undefined) {
    size = readPageBytes(`${procRoot}/self/auxv`);
    known.set(procRoot, size);
  }
  return size;
}

function readPageBytes(path: string): Bytes {
  const vector = readFileSync(path);
  const word = (at: number) => (endianness() === "LE" ? vector.readBigUInt64LE(at) : vector.readBigUInt64BE(at));
  for (let at = 0; at + pairBytes <= vector.length; at += pairBytes) {
    if (word(at) === pageSizeEntry) return bytes(Number(word(at + 8)));
  }
  throw new Error(`${path} does not say how large a page is`);
}
