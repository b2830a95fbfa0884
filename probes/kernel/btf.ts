/**
 * Reads what a plan needs from the kernel's BTF (/sys/kernel/btf/vmlinux): values of enums, which functions are
 * described, which members a struct has. Format: Documentation/bpf/btf.rst. About 6 MiB, read once.
 */
import { readFileSync } from "node:fs";
import { type BtfMember, Layout } from "./btfLayout.ts";

const magic = 0xeb9f;
/** Bytes that follow the 12-byte head of a type, by kind: a fixed part and a part per member. */
const tails: Record<number, readonly [fixed: number, each: number]> = {
  1: [4, 0], // INT
  3: [12, 0], // ARRAY
  4: [0, 12], // STRUCT
  5: [0, 12], // UNION
  6: [0, 8], // ENUM
  13: [0, 8], // FUNC_PROTO
  14: [4, 0], // VAR
  15: [0, 12], // DATASEC
  17: [4, 0], // DECL_TAG
  19: [0, 12], // ENUM64
};
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
  for (let at = types; at + 12 <= end; ) {
    places.push(at);
    const name = data.readUInt32LE(at);
    const info = data.readUInt32LE(at + 4);
    const kind = (info >>> 24) & 0x1f;
    const count = info & 0xffff;
    const [fixed, each] = tails[kind] ?? [0, 0];
    const body = at + 12;
    const next = body + fixed + each * count;
    if (next > end) return undefined;
    if (kind === kindEnum) {
      for (let i = 0; i < count; i++) {
        const known = enumeratorAt.get(data.readUInt32LE(body + i * 8));
        if (known !== undefined) values.set(known, data.readInt32LE(body + i * 8 + 4));
      }
    } else if (kind === kindFunc) {
      const known = functionAt.get(name);
      if (known !== undefined) functions.add(known);
    } else if (kind === kindStruct) {
      const known = structAt.get(name);
      if (known !== undefined) structs.push([known, at]);
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
