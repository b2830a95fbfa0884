/** Where the members of a struct stand and what they are. Format: Documentation/bpf/btf.rst. */

export interface BtfMember {
  /** In bytes, from the beginning of the struct that was asked for. */
  readonly offset: number;
  readonly type: BtfType;
}

export type BtfType =
  | { readonly kind: "integer"; readonly bytes: number; readonly signed: boolean }
  | { readonly kind: "pointer"; readonly to: BtfType }
  | { readonly kind: "array"; readonly of: BtfType }
  /** One without a name, such as atomic_t, tells its members itself. */
  | { readonly kind: "struct"; readonly name: string; readonly members?: ReadonlyMap<string, BtfMember> }
  /** Nothing that a plan reads. */
  | { readonly kind: "other" };

export interface BtfSections {
  readonly data: Buffer;
  readonly strings: number;
  readonly stringsEnd: number;
  /** Where each type stands, by its number. */
  readonly places: readonly number[];
}

/** Kinds that only say more about another type: TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG. */
const wrappers: ReadonlySet<number> = new Set([8, 9, 10, 11, 18]);
/** A description that leads back to itself ends here; the kernel's own are a few steps deep. */
const deepest = 16;
const other: BtfType = { kind: "other" };

export class Layout {
  readonly #sections: BtfSections;

  constructor(sections: BtfSections) {
    this.#sections = sections;
  }

  /** Adds the members of the struct or union that stands there; those of unnamed members are its own. */
  members(at: number, into: Map<string, BtfMember>, base = 0, depth = 0): void {
    const { data } = this.#sections;
    if (depth > deepest) return;
    const count = data.readUInt32LE(at + 4) & 0xffff;
    for (let i = 0; i < count; i++) {
      const member = at + 12 + i * 12;
      const name = this.#text(data.readUInt32LE(member));
      const number = data.readUInt32LE(member + 4);
      // The upper byte is a bit field's width when the struct has bit fields (kind_flag).
      const offset = base + ((data.readUInt32LE(member + 8) & 0xffffff) >>> 3);
      if (name !== "") into.set(name, { offset, type: this.#type(number, depth) });
      else {
        const inner = this.#unwrapped(number);
        if (inner !== undefined && [4, 5].includes(this.#kind(inner))) this.members(inner, into, offset, depth + 1);
      }
    }
  }

  #type(number: number, depth = 0): BtfType {
    const at = this.#unwrapped(number);
    if (at === undefined || depth > deepest) return other;
    const { data } = this.#sections;
    const word = data.readUInt32LE(at + 8);
    switch (this.#kind(at)) {
      case 1: {
        const encoding = data.readUInt32LE(at + 12) >>> 24;
        return [1, 2, 4, 8].includes(word) ? { kind: "integer", bytes: word, signed: (encoding & 1) === 1 } : other;
      }
      case 2:
        return { kind: "pointer", to: this.#type(word, depth + 1) };
      case 3:
        return { kind: "array", of: this.#type(data.readUInt32LE(at + 12), depth + 1) };
      case 4: {
        const name = this.#text(data.readUInt32LE(at));
        if (name !== "") return { kind: "struct", name };
        const members = new Map<string, BtfMember>();
        this.members(at, members, 0, depth + 1);
        return { kind: "struct", name, members };
      }
      case 7:
        return { kind: "struct", name: this.#text(data.readUInt32LE(at)) };
      case 6:
        return { kind: "integer", bytes: word, signed: false };
      default:
        return other;
    }
  }

  /** Where the type stands that a typedef or a qualifier stands for; undefined for void and for nonsense. */
  #unwrapped(number: number): number | undefined {
    const { data, places } = this.#sections;
    for (let i = 0, at = places[number]; i < deepest && at; i++) {
      if (!wrappers.has(this.#kind(at))) return at;
      at = places[data.readUInt32LE(at + 8)];
    }
    return undefined;
  }

  #kind(at: number): number {
    return (this.#sections.data.readUInt32LE(at + 4) >>> 24) & 0x1f;
  }

  #text(offset: number): string {
    const { data, strings, stringsEnd } = this.#sections;
    const at = strings + offset;
    const end = at < stringsEnd ? data.indexOf(0, at) : -1;
    return end === -1 || end >= stringsEnd ? "" : data.toString("latin1", at, end);
  }
}
