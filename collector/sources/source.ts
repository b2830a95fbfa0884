/** Where events come from. Live sources and a trace look the same to the ledger. */
import type { Emit } from "../events.ts";

export interface Source {
  /** Begins; events go to `emit` from now on, in order. */
  start(emit: Emit): Promise<void>;
  /** Ends, after all that was still to be said. Safe to call twice. */
  stop(): Promise<void>;
}
