/** Settings as YAML again: what is in force, defaults included, secrets left out. */
import { stringify } from "yaml";
import { shownDeliverySettings } from "../alerts/delivery/shownSettings.ts";
import { formatListen } from "./listenAddress.ts";
import type { ServeSettings } from "./settings.ts";

/** Reads back as the same settings, where nothing is hidden. */
export function printedSettings({
  listen,
  intervalMs,
  route,
  bpftrace,
  rules,
  metrics,
  deliver,
}: ServeSettings): string {
  const shown = {
    listen: formatListen(listen),
    interval: intervalMs % 1000 === 0 ? `${intervalMs / 1000}s` : `${intervalMs}ms`,
    route,
    ...(bpftrace === null ? {} : { bpftrace }),
    rules: typeof rules === "string" ? rules : rules.file,
    metrics,
    deliver: shownDeliverySettings(deliver),
  };
  return stringify(shown, { aliasDuplicateObjects: false, lineWidth: 0 });
}
