/** What the journal says of the evidence: once at the beginning, and when what can be seen becomes another. */
import type { Snapshot } from "../snapshot.ts";

/** Evidence can change with each snapshot, on a host that is too busy for its interval; a journal is for people. */
const quietMs = 60_000;

export class EvidenceLog {
  readonly #log: (line: string) => void;
  readonly #now: () => number;
  #said: string | undefined;
  #saidAt = 0;

  constructor(log: (line: string) => void, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  observe({ evidence }: Snapshot): void {
    // The sentences hold figures, which move; kinds do not.
    const kinds = [evidence.word, ...evidence.reasons.map(({ kind }) => kind)].join();
    if (kinds === this.#said) return;
    if (this.#said !== undefined && this.#now() - this.#saidAt < quietMs) return;
    this.#said = kinds;
    this.#saidAt = this.#now();
    this.#log(["evidence is ", evidence.word, evidence.why.length > 0 ? `: ${evidence.why.join("; ")}` : ""].join(""));
  }
}
