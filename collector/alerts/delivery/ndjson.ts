/** A JSON object a line on standard output. Whoever reads it slowly fills the queue, and nothing else. */
import { safeJson } from "../../safeText.ts";
import type { AlertNotice } from "./notice.ts";
import type { Receiver } from "./receiver.ts";
import { stopped } from "./stopped.ts";
import { Undeliverable } from "./undeliverable.ts";

export class NdjsonReceiver implements Receiver {
  readonly name = "stdout";
  readonly kind = "stdout";
  readonly batch = 1;
  readonly #print: (text: string) => Promise<void>;

  constructor(print: (text: string) => Promise<void>) {
    this.#print = print;
  }

  async send([notice]: readonly AlertNotice[], signal: AbortSignal): Promise<void> {
    const printed = this.#print(`${safeJson(notice)}\n`).then(
      () => true,
      () => false,
    );
    const taken = (await Promise.race([printed, stopped(signal)])) === true;
    if (!taken) throw new Undeliverable("standard output is not read, or is gone", { isFinal: true });
  }
}
