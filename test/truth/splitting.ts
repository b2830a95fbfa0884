/** A workload that makes the kernel split its direct map, whatever was split on this machine before. */
import { writeFileSync } from "node:fs";
import { freeBytes, splitsSinceBoot } from "./kernelFigures.ts";
import { pageBytes } from "./machine.ts";
import { type Worker, Workload } from "./workload.ts";

const mebibyte = 2 ** 20;

/**
 * So much secret memory, and then more until the kernel had to split often within seconds. Pages come first from blocks
 * that were split before, of which a machine may have gibibytes: pipe buffers use them up, faster than secret memory.
 * @param least bytes
 * @returns how much it is in the end, bytes
 */
export async function splitting(
  worker: Worker,
  least: number,
  burst: { readonly splits: number; readonly withinMs: number },
): Promise<number> {
  const step = 8 * mebibyte;
  const leastBytes = Math.ceil(least / step) * step;
  const filling = 256 * mebibyte;
  const pagesOf = (bytes: number) => Math.ceil(bytes / pageBytes);
  let most = Math.floor((freeBytes() - leastBytes) * 0.75);
  const file = await worker.secret(pagesOf(leastBytes + freeBytes()), 0);
  let cacheIsFree = false;
  const fillers: Workload[] = [];
  const splits = () => splitsSinceBoot()["2m"];
  const seen: { at: number; splits: number }[] = [];
  try {
    await worker.touch(file, 0, pagesOf(leastBytes));
    for (let taken = 0, secret = leastBytes; ; taken += step, secret += step) {
      const now = { at: performance.now(), splits: splits() };
      const fewer = seen.at(-1)?.splits;
      seen.push(now);
      while (now.at - (seen[0]?.at ?? 0) > burst.withinMs) seen.shift();
      const lately = now.splits - (seen[0]?.splits ?? 0);
      if (lately >= burst.splits) return secret;
      if (now.splits === fewer) {
        if (taken > most) {
          if (cacheIsFree) throw new Error(`${taken / mebibyte} MiB taken, and lately ${lately} splits`);
          // After a day of such tests all that is free was split before, and what was not lies under files.
          writeFileSync("/proc/sys/vm/drop_caches", "1");
          cacheIsFree = true;
          most = taken + Math.floor(freeBytes() * 0.5);
        }
        const filler = await Workload.start();
        fillers.push(filler);
        await filler.ask(`fill ${pagesOf(filling)}`);
        taken += filling;
      }
      await worker.touch(file, pagesOf(secret), pagesOf(step));
    }
  } finally {
    for (const filler of fillers) await filler.finish();
  }
}
