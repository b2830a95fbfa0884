/** A line for a person: on standard error, where a service's journal is. */
import { safeText } from "../../safeText.ts";
import type { AlertNotice } from "./notice.ts";
import type { Receiver } from "./receiver.ts";

const words = { fired: "FIRING", repeated: "still firing", cleared: "resolved" } as const;

export const logLine = ({ change, rule, message }: AlertNotice) =>
  safeText(`alert ${words[change]}: ${rule}: ${message}`);

export class LogReceiver implements Receiver {
  readonly name = "log";
  readonly kind = "log";
  readonly batch = 64;
  readonly #note: (line: string) => void;

  constructor(note: (line: string) => void) {
    this.#note = note;
  }

  async send(notices: readonly AlertNotice[]): Promise<void> {
    for (const notice of notices) this.#note(logLine(notice));
  }
}
