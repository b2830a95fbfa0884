/** Rates out of cumulative figures. What was not observed is null, never 0. */
import type { Sample } from "./history.ts";

export type Figure = (sample: Sample) => number | null;

/** Nothing can be said about a shorter time. */
const shortestSeconds = 0.5;
/** A hole between two samples this many times the usual distance is a gap: what happened inside is not known. */
const gapFactor = 3;
const leastGapSeconds = 2.5;

/** The samples of a window that ends at the newest, and the one before it, where the window's first rate begins. */
export function windowOf(samples: readonly Sample[], windowSeconds: number): readonly Sample[] {
  const last = samples.at(-1);
  if (last === undefined) return [];
  const from = last.seconds - windowSeconds;
  const first = samples.findIndex(({ seconds }) => seconds >= from);
  return samples.slice(Math.max(0, first));
}

/** Per second over the window, or over what there is of it; null when it cannot be told. */
export function rate(samples: readonly Sample[], windowSeconds: number, figure: Figure): number | null {
  const inside = windowOf(samples, windowSeconds);
  const first = inside[0];
  const last = inside.at(-1);
  if (first === undefined || last === undefined || last.seconds - first.seconds < shortestSeconds) return null;
  const from = figure(first);
  const to = figure(last);
  return from === null || to === null ? null : Math.max(0, to - from) / (last.seconds - first.seconds);
}

/** How far apart samples are for this history to be without gaps, seconds. */
export function gapSeconds(samples: readonly Sample[]): number {
  const recent = samples.slice(-32);
  const distances = recent.slice(1).map((sample, index) => sample.seconds - (recent[index]?.seconds ?? 0));
  distances.sort((a, b) => a - b);
  const usual = distances[Math.floor(distances.length / 2)] ?? 0;
  return Math.max(leastGapSeconds, usual * gapFactor);
}

/**
 * The window in `count` parts, oldest first, each the rate within it. null: before the first sample, in a gap, or the
 * figure was not known.
 */
export function buckets(
  samples: readonly Sample[],
  windowSeconds: number,
  count: number,
  figure: Figure,
): (number | null)[] {
  const last = samples.at(-1);
  const parts = new Array<number | null>(count).fill(null);
  if (last === undefined) return parts;
  const gap = gapSeconds(samples);
  const start = last.seconds - windowSeconds;
  const size = windowSeconds / count;
  const seen = new Array<number>(count).fill(0);
  for (let index = 1; index < samples.length; index += 1) {
    const [a, b] = [samples[index - 1], samples[index]];
    if (a === undefined || b === undefined || b.seconds <= start || b.seconds - a.seconds > gap) continue;
    const [from, to] = [figure(a), figure(b)];
    if (from === null || to === null || b.seconds <= a.seconds) continue;
    const perSecond = Math.max(0, to - from) / (b.seconds - a.seconds);
    // An interval that crosses parts is shared among them by time.
    const firstPart = Math.max(0, Math.floor((a.seconds - start) / size));
    const lastPart = Math.min(count - 1, Math.floor((b.seconds - start) / size));
    for (let part = firstPart; part <= lastPart; part += 1) {
      const overlap = Math.min(b.seconds, start + (part + 1) * size) - Math.max(a.seconds, start + part * size);
      if (overlap <= 0) continue;
      parts[part] = (parts[part] ?? 0) + perSecond * overlap;
      seen[part] = (seen[part] ?? 0) + overlap;
    }
  }
  return parts.map((sum, part) => (sum === null || (seen[part] ?? 0) === 0 ? null : sum / (seen[part] ?? 1)));
}
