/** Reads the settings of deliveries from a text, as the configuration's reader does. */
import { LineCounter, parseDocument } from "yaml";
import { readDeliverySettings } from "../../../../collector/alerts/delivery/readSettings.ts";
import { Mistakes } from "../../../../collector/alerts/yamlFields.ts";

/** @param source what stands behind `deliver:` */
export function reading(source: string, folder = "/etc/secretscope") {
  const lines = new LineCounter();
  const mistakes = new Mistakes(lines);
  const document = parseDocument(source, { lineCounter: lines, uniqueKeys: false, logLevel: "silent" });
  const settings = readDeliverySettings(document.contents, mistakes, folder);
  return { settings, mistakes: mistakes.found };
}

/** Settings from a text that has no mistake. */
export function settingsOf(source: string) {
  const { settings, mistakes } = reading(source);
  if (mistakes.length > 0) throw new Error(mistakes.map(({ text }) => text).join("; "));
  return settings;
}
