/** A POST of each notice as JSON (the fields are in the README) to whoever wants it. */
import type { AlertNotice } from "./notice.ts";
import { post } from "./post.ts";
import type { Receiver } from "./receiver.ts";
import type { WebhookSettings } from "./settings.ts";

export class WebhookReceiver implements Receiver {
  readonly kind = "webhook";
  readonly batch = 1;
  readonly #settings: WebhookSettings;

  constructor(settings: WebhookSettings) {
    this.#settings = settings;
  }

  get name(): string {
    return this.#settings.name;
  }

  async send(notices: readonly AlertNotice[], signal: AbortSignal): Promise<void> {
    for (const notice of notices) await post(this.#settings, notice, signal);
  }
}
