/** How much room bpftrace's buffer between kernel and reader gets. */
import { cpus } from "node:os";
import type { Detail } from "../../../probes/words.ts";
import { pageBytes } from "../procfs/pageSize.ts";

/** Of all CPUs together, where every page is a line: a file of some 100 000 pages is freed faster than lines are read. */
const bufferBytes = 64 << 20;
const [leastPages, mostPages] = [64, 4096];

/**
 * Pages for each CPU, a power of two; none: bpftrace's own default, which counters do not fill.
 * SECRETSCOPE_PERF_PAGES says another number, for tests of what loss does.
 */
export function perfPages(detail: Detail): { perfPages?: number } {
  const value = Number(process.env.SECRETSCOPE_PERF_PAGES);
  if (Number.isSafeInteger(value) && value > 0) return { perfPages: value };
  if (detail === "interval") return {};
  const each = 2 ** Math.floor(Math.log2(bufferBytes / pageBytes() / Math.max(1, cpus().length)));
  return { perfPages: Math.max(leastPages, Math.min(mostPages, each)) };
}
