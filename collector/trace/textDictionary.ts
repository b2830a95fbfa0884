/** All texts of one batch, each once. A batch can be read without any other, so it begins empty in each. */
export class TextDictionary {
  readonly #codes = new Map<string, number>();
  /** Characters in it; bytes are at most three times as many. */
  size = 0;
  /** Many rows of a kind come one after the other. */
  #last: string | undefined;
  #lastCode = 0;

  code(text: string): number {
    if (text === this.#last) return this.#lastCode;
    const known = this.#codes.get(text);
    const code = known ?? this.#codes.size;
    if (known === undefined) {
      this.#codes.set(text, code);
      this.size += text.length;
    }
    this.#last = text;
    this.#lastCode = code;
    return code;
  }

  /** Arrow's layout of text: where each begins, and all of them end to end. */
  layout(): { readonly count: number; readonly offsets: Uint8Array; readonly text: Uint8Array } {
    const texts = [...this.#codes.keys()].map((text) => Buffer.from(text, "utf8"));
    const offsets = new Int32Array(texts.length + 1);
    texts.forEach((text, index) => {
      offsets[index + 1] = (offsets[index] ?? 0) + text.length;
    });
    return { count: texts.length, offsets: new Uint8Array(offsets.buffer), text: Buffer.concat(texts) };
  }

  clear(): void {
    this.#codes.clear();
    this.#last = undefined;
    this.size = 0;
  }
}
