/** Lengths of time: as people write them on a command line, and as they read them. */

const unitMs = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** "500ms", "1.5s", "2m", "1h" in milliseconds; undefined when it is not a length of time. */
export function parseDuration(text: string): number | undefined {
  // No exponents: 1e9d is a slip, not a wish.
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|min|m|h|d)$/.exec(text);
  if (!match) return undefined;
  return Math.round(Number(match[1]) * unitMs[match[2] as keyof typeof unitMs]);
}

/** 450 ms, 2.5 s, 30 s, 2 min 5 s, 1 h 3 min, 4 d 2 h. */
export function formatDuration(ms: number | null): string {
  if (ms === null) return "?";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1).replace(/\.0$/, "")} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return pair(seconds, 60, "min", "s");
  if (seconds < 86_400) return pair(seconds / 60, 60, "h", "min");
  return pair(seconds / 3600, 24, "d", "h");
}

function pair(small: number, size: number, bigUnit: string, smallUnit: string): string {
  const whole = Math.floor(small);
  const rest = whole % size;
  return `${Math.floor(whole / size)} ${bigUnit}${rest === 0 ? "" : ` ${rest} ${smallUnit}`}`;
}
