/** Sizes in bytes as IEC units. Unknown is "?", never 0. */

const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** 512 B, 4 KiB, 1.5 MiB, 128 GiB; one decimal only where it says something. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return "?";
  let value = bytes;
  let unit = 0;
  // 1023.96 KiB would round to 1024 KiB: the next unit begins where rounding would reach it.
  while (unit < units.length - 1 && Number(rounded(value)) >= 1024) {
    value /= 1024;
    unit += 1;
  }
  return `${rounded(value)} ${units[unit]}`;
}

function rounded(value: number): string {
  return value < 100 && !Number.isInteger(value) ? value.toFixed(1).replace(/\.0$/, "") : value.toFixed(0);
}

/** A limit: a size, "unlimited", or "?" when not known. */
export function formatLimit(limit: number | "unlimited" | null): string {
  return limit === "unlimited" ? "unlimited" : formatBytes(limit);
}
