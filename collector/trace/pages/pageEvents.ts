/** A burst as the single events that it stands for. */
import type { PageBurst, PageEvent } from "../../events.ts";
import { block, monotonicNs } from "../../units.ts";

export function* pageEvents(burst: PageBurst): Generator<PageEvent, void, undefined> {
  const { pid, started, inode, taken, blocks, steps } = burst;
  let at = burst.at;
  for (let n = 0; n < blocks.length; n++) {
    if (n > 0) at = monotonicNs(at + BigInt(steps[n] ?? 0));
    yield { kind: "page", at, pid, started, inode, block: block(blocks[n] ?? 0), taken };
  }
}
