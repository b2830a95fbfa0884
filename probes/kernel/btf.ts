/**
 * Reads what a plan needs from the kernel's BTF (/sys/kernel/btf/vmlinux): values of enums, which functions are
 * described, which members a struct has. Format: Documentation/bpf/btf.rst. About 6 MiB, read once.
 */
import { readFileSync } from "node:fs";
import { type BtfMember, Layout } from "./btfLayout.ts";

const magic = 0xeb9f;
const byKind = (words: Readonly<Record<number, number>>) =>
  Uint8Array.from({ length: 32 }, (_, kind) => words[kind] ?? 0);
/** Words (4 bytes) after the three of a type's head: INT, ARRAY, VAR and DECL_TAG have so many more. */
const fixed = byKind({ 1: 1, 3: 3, 14: 1, 17: 1 });
/** And so many for each member: STRUCT, UNION, ENUM, FUNC_PROTO, DATASEC, ENUM64. */
const each = byKind({ 4: 3, 5: 3, 6: 2, 13: 2, 15: 3, 19: 3 });
const kindStruct = 4;
const kindEnum = 6;
const kindFunc = 12;

export interface Btf {
  /** Value of an enumerator such as DIRECT_MAP_LEVEL2_SPLIT, or undefined. */
  enumerator(name: string): number | undefined;
  /** Whether a function is described: what fentry needs beside permission to attach. */
  hasFunction(name: string): boolean;
  /** Where the member of `struct NAME` stands and what it is, or undefined. Members of unnamed members count as its own. */
  member(struct: string, member: string): BtfMember | undefined;
}

/** Only the names asked for are kept, so that six megabytes leave a few lines behind. */
export interface BtfWanted {
  readonly enumerators: readonly string[];
  readonly functions: readonly string[];
  readonly structs: readonly string[];
}

/** @returns undefined when the kernel has no BTF, or it is not the format known here. */
export function readBtf(wanted: BtfWanted, path = "/sys/kernel/btf/vmlinux"): Btf | undefined {
  let data: Buffer;
  try {
    data = readFileSync(path);
  } catch {
    return undefined;
  }
  return parseBtf(data, wanted);
}

export function parseBtf(data: Buffer, wanted: BtfWanted): Btf | undefined {
  if (data.length < 24 || data.readUInt16LE(0) !== magic) return undefined;
  const header = data.readUInt32LE(4);
  const types = header + data.readUInt32LE(8);
  const end = types + data.readUInt32LE(12);
  const strings = header + data.readUInt32LE(16);
  const stringsEnd = strings + data.readUInt32LE(20);
  if (end > data.length || stringsEnd > data.length) return undefined;

  // Names are compared by where they stand in the string section: the few wanted ones are found first.
  const offsets = (names: readonly string[]) =>
    new Map(names.flatMap((name) => find(data, strings, stringsEnd, name).map((at) => [at - strings, name] as const)));
  const enumeratorAt = offsets(wanted.enumerators);
  const functionAt = offsets(wanted.functions);
  const structAt = offsets(wanted.structs);

  const values = new Map<string, number>();
  const functions = new Set<string>();
  const structs: (readonly [name: string, at: number])[] = [];
  /** Where each type stands, by its number; 0 is void. */
  const places = [0];
  // Over 100 000 types (126 572 in a 6.18), and whoever starts a watch waits for this loop: words, not reads of a Buffer.
  const words = wordsOf(data, types, end);
  for (let at = 0; at + 3 <= words.length; ) {
    const place = types + at * 4;
    places.push(place);
    const info = words[at + 1] ?? 0;
    const kind = (info >>> 24) & 0x1f;
    const body = at + 3;
    const next = body + (fixed[kind] ?? 0) + (each[kind] ?? 0) * (info & 0xffff);
    if (next > words.length) return undefined;
    if (kind === kindEnum) {
      for (let i = body; i < next; i += 2) {
        const known = enumeratorAt.get(words[i] ?? 0);
        if (known !== undefined) values.set(known, (words[i + 1] ?? 0) | 0);
      }
    } else if (kind === kindFunc) {
      const known = functionAt.get(words[at] ?? 0);
      if (known !== undefined) functions.add(known);
    } else if (kind === kindStruct) {
      const known = structAt.get(words[at] ?? 0);
      if (known !== undefined) structs.push([known, place]);
    }
    at = next;
  }

  const layout = new Layout({ data, strings, stringsEnd, places });
  const members = new Map<string, Map<string, BtfMember>>();
  for (const [name, at] of structs) {
    const own = members.get(name) ?? new Map<string, BtfMember>();
    layout.members(at, own);
    members.set(name, own);
  }
  return {
    enumerator: (name) => values.get(name),
    hasFunction: (name) => functions.has(name),
    member: (struct, member) => members.get(struct)?.get(member),
  };
}

/** Where the NUL-terminated string stands: more than once when the compiler did not merge it. */
function find(data: Buffer, from: number, to: number, name: string): number[] {
  const needle = Buffer.from(`\0${name}\0`, "latin1");
  const found: number[] = [];
  for (let at = data.indexOf(needle, from); at !== -1 && at < to; at = data.indexOf(needle, at + 1)) found.push(at + 1);
  return found;
}

/** A copy where the section does not begin at a multiple of four. The magic says that the bytes are in this machine's order. */
function wordsOf(data: Buffer, from: number, to: number): Uint32Array {
  const aligned =
    (data.byteOffset + from) % 4 === 0 ? data.subarray(from, to) : Uint8Array.from(data.subarray(from, to));
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length >>> 2);
}
