/** How long to wait after how many failures: twice as long each time, and never two hosts at the same moment. */
export interface Pace {
  readonly firstMs: number;
  readonly longestMs: number;
}

export const usualPace: Pace = { firstMs: 1_000, longestMs: 300_000 };

/** A receiver may ask for this much patience and no more. */
const longestAskedMs = 3_600_000;

/**
 * @param failures in a row, 1 or more
 * @param askedMs Retry-After, 0 when there was none
 * @param random from 0 to 1: half of the time is left to it
 */
export function delayMs(failures: number, askedMs: number, random: number, pace = usualPace): number {
  const full = Math.min(pace.longestMs, pace.firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.max(full * (0.5 + random / 2), Math.min(askedMs, longestAskedMs));
}

/** Retry-After in ms: a number of seconds or a date (RFC 9110, 10.2.3); 0 for anything else. */
export function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  const trimmed = header.trim();
  if (/^\d{1,9}$/.test(trimmed)) return Number(trimmed) * 1000;
  // Date.parse takes nearly anything; a date of HTTP begins with its day.
  const date = /^[A-Z][a-z]{2}, /.test(trimmed) ? Date.parse(trimmed) : Number.NaN;
  return Number.isNaN(date) ? 0 : Math.max(0, date - nowMs);
}
