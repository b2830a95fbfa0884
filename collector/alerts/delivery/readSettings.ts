/** `deliver:` out of YAML: what is right is read, what is wrong is said with its place, and no secret is repeated. */
import { isSeq } from "yaml";
import { labels, yesOrNo } from "../ruleValues.ts";
import { type Field, fieldsOf, kindOf, type Mistakes } from "../yamlFields.ts";
import { readArguments } from "./readCommand.ts";
import { link, readHttp, receiverName, seconds, wholeNumber } from "./receiverFields.ts";
import {
  type AlertmanagerSettings,
  type CommandSettings,
  type DeliverySettings,
  defaultDeliverySettings,
  deliveryLimits,
  receiverDefaults,
  type WebhookSettings,
} from "./settings.ts";

const kinds = ["log", "stdout", "alertmanager", "webhook", "command"] as const;
const common = ["name", "only", "timeout"] as const;
const http = ["url", "url_file", "token", "token_file"] as const;
const queued = ["queue", "retry_for"] as const;

type Fields = ReadonlyMap<string, Field>;
interface Place {
  /** Relative paths of files begin here: the folder of the configuration. */
  readonly folder: string;
  readonly names: Set<string>;
  readonly mistakes: Mistakes;
}

/**
 * @param node what stands behind `deliver:`; undefined when there is no such key
 * @param folder of the configuration file: `token_file` and `url_file` may be relative to it
 * @returns settings that must not be used when a mistake was added
 */
export function readDeliverySettings(node: unknown, mistakes: Mistakes, folder: string): DeliverySettings {
  const none = defaultDeliverySettings;
  if (node === undefined) return none;
  const fields = fieldsOf(node, "deliver", kinds, mistakes);
  if (fields === undefined) return none;
  const place: Place = { folder, names: new Set(["log", "stdout"]), mistakes };
  const flag = (name: "log" | "stdout") => {
    const field = fields.get(name);
    return (field && yesOrNo(field, mistakes)) ?? none[name];
  };
  const settings = {
    log: flag("log"),
    stdout: flag("stdout"),
    alertmanager: readList(fields.get("alertmanager"), [...common, ...http, "resend", "link"], place, readAlertmanager),
    webhook: readList(fields.get("webhook"), [...common, ...http, ...queued], place, readWebhook),
    command: readList(fields.get("command"), [...common, ...queued, "run"], place, readCommand),
  };
  const receivers = settings.alertmanager.length + settings.webhook.length + settings.command.length;
  if (receivers > deliveryLimits.receivers) {
    mistakes.add(node, `${receivers} receivers; at most ${deliveryLimits.receivers} are allowed`);
  }
  return settings;
}

/** A list of mappings, or a single one. */
function readList<Settings>(
  field: Field | undefined,
  allowed: readonly string[],
  place: Place,
  read: (fields: Fields, common: Common, node: unknown, place: Place) => Settings | undefined,
): Settings[] {
  if (field === undefined) return [];
  const { name: kind, value } = field;
  if (isSeq(value) && value.items.length === 0) place.mistakes.add(value, `the list of ${kind} is empty`);
  const nodes: readonly unknown[] = isSeq(value) ? value.items : [value];
  return nodes.slice(0, deliveryLimits.receivers + 1).flatMap((node, index) => {
    const fields = fieldsOf(node, `a receiver under ${kind}`, allowed, place.mistakes);
    if (fields === undefined) return [];
    return read(fields, readCommon(fields, `${kind}-${index + 1}`, kind, node, place), node, place) ?? [];
  });
}

type Common = Pick<WebhookSettings, "name" | "only" | "timeoutMs">;

function readCommon(fields: Fields, unnamed: string, kind: string, node: unknown, place: Place): Common {
  const { mistakes, names } = place;
  const [named, only, timeout] = [fields.get("name"), fields.get("only"), fields.get("timeout")];
  const name = (named && receiverName(named, mistakes)) ?? unnamed;
  if (names.has(name)) mistakes.add(named?.value ?? node, `two receivers are called ${name}`);
  names.add(name);
  const usual = kind === "command" ? receiverDefaults.commandTimeoutMs : receiverDefaults.httpTimeoutMs;
  return {
    name,
    only: (only && labels({ ...only, name: "only" }, mistakes)) ?? {},
    timeoutMs: (timeout && seconds(timeout, 1, 300, mistakes)) ?? usual,
  };
}

function readQueue(fields: Fields, mistakes: Mistakes): Pick<WebhookSettings, "queue" | "retryForMs"> {
  const [queue, retryFor] = [fields.get("queue"), fields.get("retry_for")];
  return {
    queue: (queue && wholeNumber(queue, 1, deliveryLimits.queue, mistakes)) ?? receiverDefaults.queue,
    retryForMs: (retryFor && seconds(retryFor, 1, 7 * 86_400, mistakes)) ?? receiverDefaults.retryForMs,
  };
}

function readAlertmanager(
  fields: Fields,
  common: Common,
  node: unknown,
  { mistakes, folder }: Place,
): AlertmanagerSettings | undefined {
  const settings = readHttp(fields, "http://127.0.0.1:9093", node, folder, mistakes);
  const [resend, shown] = [fields.get("resend"), fields.get("link")];
  const resendMs = (resend && seconds(resend, 5, 3600, mistakes)) ?? receiverDefaults.resendMs;
  const where = (shown && link(shown, mistakes)) ?? null;
  return settings && { ...common, ...settings, resendMs, link: where };
}

function readWebhook(
  fields: Fields,
  common: Common,
  node: unknown,
  { mistakes, folder }: Place,
): WebhookSettings | undefined {
  const settings = readHttp(fields, "https://pager.example.org/secretscope", node, folder, mistakes);
  return settings && { ...common, ...settings, ...readQueue(fields, mistakes) };
}

function readCommand(fields: Fields, common: Common, node: unknown, { mistakes }: Place): CommandSettings | undefined {
  const run = fields.get("run");
  if (run === undefined) {
    mistakes.add(node, 'a command has run: [/absolute/path, "argument"]');
    return undefined;
  }
  if (!isSeq(run.value)) {
    mistakes.add(
      run.value,
      `run is a list, a program and its arguments, and never a line for a shell; here is ${kindOf(run.value)}`,
    );
    return undefined;
  }
  const found = readArguments(run.value, mistakes);
  return found && { ...common, ...found, ...readQueue(fields, mistakes) };
}
