/** When to draw: a person who pressed a key waits for nothing, figures come at most four times a second. */

/** At most 4 frames a second for what the collector says (shared/style.md). */
const figuresMs = 250;
/** Keys held down: as often as it can be seen. */
const keysMs = 30;

export class Frames {
  readonly #draw: () => void;
  #timer: NodeJS.Timeout | undefined;
  #due = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;
  #ended = false;

  constructor(draw: () => void) {
    this.#draw = draw;
  }

  /** Many wishes become one frame. */
  want(why: "key" | "figures"): void {
    if (this.#ended) return;
    const now = performance.now();
    const due = Math.max(now, this.#last + (why === "key" ? keysMs : figuresMs));
    if (due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => {
      this.#due = Number.POSITIVE_INFINITY;
      this.#last = performance.now();
      this.#draw();
    }, due - now);
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }
}
