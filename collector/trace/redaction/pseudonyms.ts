/**
 * Stable pseudonyms: the same name always gets the same one, and nobody can tell from it which name it was. They are
 * keyed with random bytes that exist only in memory: whoever has a list of common names cannot try them all.
 */
import { createHmac, randomBytes } from "node:crypto";

/** A name without what is easily mistaken (Crockford's base 32). */
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
/** 40 bits: among ten thousand names two share a pseudonym once in twenty thousand recordings. */
const bits = 40;
const noRealUser = 2 ** 32;
/** Names that are remembered so as not to work them out again; beyond that all are forgotten. */
const mostRemembered = 65_536;

export class Pseudonyms {
  readonly #key: Buffer;
  readonly #known = new Map<string, string>();

  constructor() {
    this.#key = randomBytes(32);
  }

  /** @param kind what the text names: the same text as another kind gets another pseudonym, which begins with the kind */
  of(kind: string, text: string): string {
    const whole = `${kind}\0${text}`;
    const known = this.#known.get(whole);
    if (known !== undefined) return known;
    let value = this.#number(whole);
    let name = "";
    for (let place = 0; place < bits; place += 5) {
      name = (alphabet[value % 32] ?? "") + name;
      value = Math.floor(value / 32);
    }
    const pseudonym = `${kind}-${name}`;
    if (this.#known.size >= mostRemembered) this.#known.clear();
    this.#known.set(whole, pseudonym);
    return pseudonym;
  }

  /** uid_t has 32 bits: what is beyond cannot be mistaken for a user. */
  user(uid: number): number {
    return uid === 0 ? 0 : noRealUser + this.#number(`user\0${uid}`);
  }

  #number(text: string): number {
    return createHmac("sha256", this.#key)
      .update(text)
      .digest()
      .readUIntBE(0, bits / 8);
  }
}
