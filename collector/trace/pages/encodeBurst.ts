/** A burst into columns, a row a page. Its mirror is decodeBurst.ts. */
import type { PageBurst } from "../../events.ts";
import type { ColumnBuffers } from "../batchColumns.ts";
import type { Subjects } from "../subjects.ts";

/** @param n the first row. @returns the time of the last page, ns */
export function encodeBurst(burst: PageBurst, n: number, to: ColumnBuffers, subjects: Subjects): bigint {
  const { at, pid, started, inode, taken, blocks, steps } = burst;
  const count = blocks.length;
  to.at.fillLongs(n, count, at);
  to.kind.fillMany(n, count, "page");
  subjects.bothMany(n, count, pid, started, inode);
  for (const column of [to.pid, to.started, to.inode]) column.hasMany(n, count);
  to.taken.fillMany(n, count, taken);
  to.block.setMany(n, blocks);
  // The first has none: that is how a reader knows where a burst begins.
  const [low, high] = [new Uint16Array(count - 1), new Uint16Array(count - 1)];
  let length = 0;
  for (let page = 1; page < count; page++) {
    const step = steps[page] ?? 0;
    low[page - 1] = step;
    high[page - 1] = step >>> 16;
    length += step;
  }
  to.after_ns.setMany(n + 1, low);
  to.after_high.setMany(n + 1, high);
  return at + BigInt(length);
}
