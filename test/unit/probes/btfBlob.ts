/** BTF in miniature (Documentation/bpf/btf.rst): types that name members and values, packed as the kernel packs them. */
export interface BlobType {
  readonly kind: number;
  readonly name?: string;
  /** Number of members; for kinds that have any. */
  readonly count?: number;
  readonly flag?: boolean;
  /** The third word of the head: a size in bytes, or the number of the type that this one is about. */
  readonly size?: number;
  /** 32-bit words after the head. A string is a name. */
  readonly words?: readonly (number | string)[];
}

export const struct = (
  name: string,
  members: readonly (readonly [name: string, bits: number, type?: number])[],
  flag = false,
): BlobType => ({
  kind: 4,
  name,
  flag,
  count: members.length,
  words: members.flatMap(([member, bits, type = 1]) => [member, type, bits]),
});
export const enumeration = (values: Readonly<Record<string, number>>): BlobType => ({
  kind: 6,
  count: Object.keys(values).length,
  words: Object.entries(values).flat(),
});
export const func = (name: string): BlobType => ({ kind: 12, name });

/** One of every kind there is, so that a reader has to know their lengths. */
export const everyKind: readonly BlobType[] = [
  { kind: 1, name: "int", words: [0x01000020] },
  { kind: 2 },
  { kind: 3, words: [1, 1, 8] },
  struct("unrelated", [["start_boottime", 64]]),
  { kind: 5, count: 2, words: ["a", 1, 0, "b", 1, 0] },
  enumeration({ unrelated_id: 1 }),
  { kind: 7, name: "fwd" },
  { kind: 8, name: "typedef" },
  { kind: 9 },
  { kind: 10 },
  { kind: 11 },
  func("unrelated_function"),
  { kind: 13, count: 1, words: ["argument", 1] },
  { kind: 14, name: "variable", words: [1] },
  { kind: 15, name: ".data", count: 1, words: [1, 0, 4] },
  { kind: 16, name: "float" },
  { kind: 17, name: "tag", words: [0] },
  { kind: 18, name: "type_tag" },
  { kind: 19, name: "enum64", count: 1, words: ["big", 1, 2] },
];

export function blob(types: readonly BlobType[]): Buffer {
  let strings = "\0";
  const places = new Map<string, number>();
  const place = (name: string) => {
    if (name === "") return 0;
    const known = places.get(name);
    if (known !== undefined) return known;
    places.set(name, strings.length);
    strings += `${name}\0`;
    return strings.length - name.length - 1;
  };
  const words = types.flatMap(({ kind, name, count = 0, flag = false, size = 0, words: more = [] }) => [
    name === undefined ? 0 : place(name),
    ((flag ? 0x80000000 : 0) | (kind << 24) | count) >>> 0,
    size,
    ...more.map((word) => (typeof word === "string" ? place(word) : word >>> 0)),
  ]);
  const body = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) body.writeUInt32LE(word, index * 4);
  const header = Buffer.alloc(24);
  header.writeUInt16LE(0xeb9f, 0);
  header.writeUInt8(1, 2);
  header.writeUInt32LE(24, 4);
  header.writeUInt32LE(0, 8);
  header.writeUInt32LE(body.length, 12);
  header.writeUInt32LE(body.length, 16);
  header.writeUInt32LE(strings.length, 20);
  return Buffer.concat([header, body, Buffer.from(strings, "latin1")]);
}
