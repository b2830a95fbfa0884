/** What may stand behind the keys of a receiver: names, URLs, secrets and where they are, limits. */
import { isAbsolute, join } from "node:path";
import { duration, lengthOf } from "../ruleValues.ts";
import { type Field, kindOf, type Mistakes, scalar, text } from "../yamlFields.ts";
import { isOneWord, Secret, type SecretSource } from "./secret.ts";
import type { WebhookSettings } from "./settings.ts";

const name = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/;
const longestPath = 4096;

/** Becomes a label of a metric and stands in log lines. */
export function receiverName({ value }: Field, mistakes: Mistakes): string | undefined {
  const found = text(value);
  if (found !== undefined && name.test(found)) return found;
  mistakes.add(value, `a name is up to 63 letters, digits, ".", "_" and "-", here is ${kindOf(value)}`);
  return undefined;
}

/** @returns ms */
export function seconds(field: Field, least: number, most: number, mistakes: Mistakes): number | undefined {
  const ns = duration(field, mistakes, most);
  if (ns === undefined) return undefined;
  const ms = Number(ns / 1_000_000n);
  if (ms >= least * 1000) return ms;
  mistakes.add(field.value, `${field.name} is from ${lengthOf(least)} to ${lengthOf(most)}`);
  return undefined;
}

export function wholeNumber({ name, value }: Field, least: number, most: number, mistakes: Mistakes) {
  const found = scalar(value);
  if (typeof found === "number" && Number.isInteger(found) && found >= least && found <= most) return found;
  mistakes.add(value, `${name} is a number from ${least} to ${most}, here is ${kindOf(value)}`);
  return undefined;
}

/** @param folder relative paths begin there */
export function filePath({ name, value }: Field, folder: string, mistakes: Mistakes): string | undefined {
  const path = text(value);
  if (path !== undefined && path !== "" && path.length <= longestPath && !path.includes("\0")) {
    return isAbsolute(path) ? path : join(folder, path);
  }
  mistakes.add(value, `${name} is the path of a file, here is ${kindOf(value)}`);
  return undefined;
}

/** What is wrong with a URL of a receiver, without repeating it; undefined: nothing. */
export function urlMistake(found: string): string | undefined {
  const url = URL.canParse(found) ? new URL(found) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return "begins with http:// or https:// and names a host";
  if (url.username !== "" || url.password !== "") return "has no name and password in it: use token or token_file";
  return undefined;
}

/** A link for people: nothing is sent there. */
export function link({ value }: Field, mistakes: Mistakes): string | undefined {
  const found = text(value);
  if (found !== undefined && urlMistake(found) === undefined) return found;
  mistakes.add(value, `link is a URL for whoever reads the alert, here is ${kindOf(value)}`);
  return undefined;
}

export function readHttp(
  fields: ReadonlyMap<string, Field>,
  example: string,
  node: unknown,
  folder: string,
  mistakes: Mistakes,
): Pick<WebhookSettings, "url" | "token"> | undefined {
  const url = readSecret("url", fields, folder, mistakes);
  const token = readSecret("token", fields, folder, mistakes);
  if (url === undefined && !fields.has("url") && !fields.has("url_file")) {
    mistakes.add(node, `this receiver has no url, like ${example}, and no url_file`);
  }
  return url && { url, token: token ?? null };
}

/** `url` or `url_file`, `token` or `token_file`. What stands there is not repeated in a mistake. */
function readSecret(
  what: "url" | "token",
  fields: ReadonlyMap<string, Field>,
  folder: string,
  mistakes: Mistakes,
): SecretSource | undefined {
  const [here, elsewhere] = [fields.get(what), fields.get(`${what}_file`)];
  if (here !== undefined && elsewhere !== undefined) {
    mistakes.add(elsewhere.key, `${what} and ${what}_file: write one of them`);
    return undefined;
  }
  if (here !== undefined) {
    const found = text(here.value);
    const wrong =
      found === undefined || !isOneWord(found) ? "is one word of ASCII" : what === "url" && urlMistake(found);
    if (found !== undefined && !wrong) return { secret: new Secret(found) };
    mistakes.add(here.value, `${what} ${wrong}`);
  }
  const file = elsewhere && filePath(elsewhere, folder, mistakes);
  return file === undefined ? undefined : { file };
}
