/** Whole numbers for people. Unknown is "?", never 0. */

/** 1,234,567. */
export function formatCount(count: number | null): string {
  if (count === null) return "?";
  return Math.trunc(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

/** "1 holder", "2 holders", "? holders". */
export function counted(count: number | null, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** How much of a limit is used: "6%"; "<1%" and ">100%" are said rather than rounded away. */
export function formatShare(part: number | null, whole: number | "unlimited" | null): string {
  if (whole === "unlimited") return "-";
  if (part === null || whole === null) return "?";
  if (whole === 0) return part > 0 ? ">100%" : "-";
  const percent = (part / whole) * 100;
  if (percent > 0 && percent < 1) return "<1%";
  if (percent > 100 && percent < 101) return ">100%";
  return `${percent > 999 ? ">999" : Math.floor(percent)}%`;
}

/** The sum of what is known; null when nothing is, so that unknown never becomes 0. */
export function sum(values: Iterable<number | null>): number | null {
  let total: number | null = null;
  for (const value of values) if (value !== null) total = (total ?? 0) + value;
  return total;
}
