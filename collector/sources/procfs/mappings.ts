/** Secret mappings in the text of /proc/PID/smaps or /proc/PID/maps. */
import { type Device, device, secretFileName } from "../../../probes/kernel/secretFile.ts";

export interface SecretMapping {
  readonly device: Device;
  readonly inode: number;
  /** As in map_files: two addresses in hexadecimal. Of the process, not of the kernel; not stored. */
  readonly range: string;
  readonly start: number;
  readonly lengthBytes: number;
  /** Where in the file the mapping begins. */
  readonly offsetBytes: number;
  /** Touched by this process; null when read from maps, which does not say. */
  readonly residentBytes: number | null;
  /** The same, each page divided by how many processes map it; rounded down to KiB by the kernel. */
  readonly proportionalBytes: number | null;
}

// A newline in a file's name is printed as \012 (seq_file_path, fs/proc/task_mmu.c): no name can forge a line.
const header = /^([0-9a-f]+)-([0-9a-f]+) \S{4} ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) +(.*)$/;

/** All mappings that carry the name; a plain file can carry it too, so the caller has to judge by device. */
export function secretMappings(text: string): readonly SecretMapping[] {
  const found: SecretMapping[] = [];
  let at = text.indexOf(secretFileName);
  while (at >= 0) {
    const lineStart = text.lastIndexOf("\n", at) + 1;
    const lineEnd = endOfLine(text, at);
    const mapping = parseHeader(text.slice(lineStart, lineEnd));
    if (mapping !== undefined) found.push(withSizes(mapping, text, lineEnd + 1));
    at = text.indexOf(secretFileName, lineEnd);
  }
  return found;
}

function parseHeader(line: string): SecretMapping | undefined {
  const [, start, end, offset, major, minor, inode, name] = header.exec(line) ?? [];
  if (start === undefined || end === undefined || offset === undefined || inode === undefined) return undefined;
  if (name !== secretFileName || major === undefined || minor === undefined) return undefined;
  // User addresses have at most 57 bits; a difference of two of them below 2^53 is exact through BigInt.
  const from = BigInt(`0x${start}`);
  return {
    device: device(Number.parseInt(major, 16), Number.parseInt(minor, 16)),
    inode: Number(inode),
    // map_files wants the addresses without leading zeros, which maps pads to 8 digits (fs/proc/base.c, dname_to_vma_addr).
    range: `${from.toString(16)}-${BigInt(`0x${end}`).toString(16)}`,
    start: Number(from),
    lengthBytes: Number(BigInt(`0x${end}`) - from),
    offsetBytes: Number.parseInt(offset, 16),
    residentBytes: null,
    proportionalBytes: null,
  };
}

/** Takes Rss and Pss from the lines up to the next header; maps has none. */
function withSizes(mapping: SecretMapping, text: string, from: number): SecretMapping {
  let resident: number | null = null;
  let proportional: number | null = null;
  for (let start = from; start < text.length; ) {
    const end = endOfLine(text, start);
    const [, key, value] = /^([A-Z]\w*): +(\d+) kB$/.exec(text.slice(start, end)) ?? [];
    if (key === "Rss") resident = Number(value) * 1024;
    if (key === "Pss") proportional = Number(value) * 1024;
    if ((resident !== null && proportional !== null) || !/^[A-Z]/.test(text[start] ?? "")) break;
    start = end + 1;
  }
  return { ...mapping, residentBytes: resident, proportionalBytes: proportional };
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}
