/** At the present rate, when the last mapping of a size goes. Splits do not mend before a reboot, text ranges aside. */
import type { SplitLevel } from "../../../collector/events.ts";
import type { DirectMapView } from "../../../collector/snapshot.ts";
import type { Sample } from "./history.ts";
import { rate, windowOf } from "./rates.ts";

export type Forecast =
  /** Not known: no sizes, no counters. */
  | { readonly kind: "unknown" }
  /** Too short a time was seen. */
  | { readonly kind: "measuring" }
  /** There is none of this size. */
  | { readonly kind: "none" }
  | { readonly kind: "stable" }
  | { readonly kind: "gone"; readonly seconds: number };

const sizeBytes = { "2m": 2 ** 21, "1g": 2 ** 30 } as const;
const pagesOf1g = 512;
/** Less than this says nothing about the rest of the day. */
const leastSeconds = 10;
/** Beyond this nobody's machine is up any more. */
const foreverSeconds = 10 * 365 * 86_400;

export function forecast(
  level: SplitLevel,
  bytes: DirectMapView["bytes"],
  samples: readonly Sample[],
  windowSeconds: number,
): Forecast {
  const size = bytes[level];
  if (size === null) return { kind: "unknown" };
  const left = Math.floor(size / sizeBytes[level]);
  if (left === 0 && (level === "1g" || !bytes["1g"])) return { kind: "none" };
  const seen = windowOf(samples, windowSeconds);
  const seconds = (seen.at(-1)?.seconds ?? 0) - (seen[0]?.seconds ?? 0);
  const going = net(level, samples, windowSeconds);
  if (seconds < leastSeconds) return { kind: "measuring" };
  if (going === null) return { kind: "unknown" };
  if (level === "1g") return after(left, going);
  // Each 1G mapping that breaks makes 512 of 2M: they have to go as well.
  const breaking = net("1g", samples, windowSeconds) ?? 0;
  const larger = Math.floor((bytes["1g"] ?? 0) / sizeBytes["1g"]);
  if (breaking <= 0 || larger === 0) return after(left, going);
  const all = after(left + larger * pagesOf1g, going);
  return all.kind === "gone" ? { kind: "gone", seconds: Math.max(all.seconds, larger / breaking) } : all;
}

/** Mappings of this size broken per second, less collapses and less what attaching secretscope did once. */
function net(level: SplitLevel, samples: readonly Sample[], windowSeconds: number): number | null {
  const splits = rate(samples, windowSeconds, (sample) =>
    sample.splits[level] === null ? null : sample.splits[level] - (sample.own[level] ?? 0),
  );
  if (splits === null) return null;
  return splits - (rate(samples, windowSeconds, (sample) => sample.collapses[level]) ?? 0);
}

function after(left: number, perSecond: number): Forecast {
  if (perSecond <= 0 || left / perSecond > foreverSeconds) return { kind: "stable" };
  return { kind: "gone", seconds: left / perSecond };
}
