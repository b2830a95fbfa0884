/** Settings in the words of the configuration, without secrets: what `--print-config` shows. */
import { hidden, type SecretSource } from "./secret.ts";
import type { AlertmanagerSettings, CommandSettings, DeliverySettings, WebhookSettings } from "./settings.ts";

type Shown = Readonly<Record<string, unknown>>;

/** @returns plain data for YAML or JSON, with every key that has an effect; a secret reads "(hidden)" */
export function shownDeliverySettings({ log, stdout, alertmanager, webhook, command }: DeliverySettings): Shown {
  return {
    log,
    stdout,
    ...(alertmanager.length > 0 ? { alertmanager: alertmanager.map(shownAlertmanager) } : {}),
    ...(webhook.length > 0 ? { webhook: webhook.map(shownWebhook) } : {}),
    ...(command.length > 0 ? { command: command.map(shownCommand) } : {}),
  };
}

const shownAlertmanager = (settings: AlertmanagerSettings): Shown => ({
  ...shownHttp(settings),
  resend: duration(settings.resendMs),
  ...(settings.link === null ? {} : { link: settings.link }),
  ...shownCommon(settings),
});

const shownWebhook = (settings: WebhookSettings): Shown => ({
  ...shownHttp(settings),
  ...shownCommon(settings),
  ...shownQueue(settings),
});

const shownCommand = (settings: CommandSettings): Shown => ({
  name: settings.name,
  run: [settings.program, ...settings.args],
  ...shownCommon(settings),
  ...shownQueue(settings),
});

const shownHttp = ({ name, url, token }: Pick<WebhookSettings, "name" | "url" | "token">): Shown => ({
  name,
  ...("file" in url ? { url_file: url.file } : { url: shownUrl(url) }),
  ...(token === null ? {} : "file" in token ? { token_file: token.file } : { token: hidden }),
});

const shownCommon = ({ only, timeoutMs }: Pick<WebhookSettings, "only" | "timeoutMs">): Shown => ({
  ...(Object.keys(only).length > 0 ? { only } : {}),
  timeout: duration(timeoutMs),
});

const shownQueue = ({ queue, retryForMs }: Pick<WebhookSettings, "queue" | "retryForMs">): Shown => ({
  queue,
  retry_for: duration(retryForMs),
});

/** Which host it is one has to know; paths and queries of webhooks are often as good as passwords. */
function shownUrl(source: Extract<SecretSource, { readonly secret: unknown }>): string {
  const { origin, pathname, search } = new URL(source.secret.reveal());
  return pathname === "/" && search === "" ? origin : `${origin}/${hidden}`;
}

/** As the configuration writes it, and read back the same. */
const duration = (ms: number) => (ms % 60_000 === 0 ? `${ms / 60_000}m` : `${ms / 1000}s`);
