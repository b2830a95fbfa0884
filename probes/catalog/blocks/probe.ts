import type { KernelOffer } from "../../kernel/offer.ts";
import { lacksSecretmem, lacksTracepoint, type Probe } from "../probe.ts";

const added = "filemap:mm_filemap_add_to_page_cache";
const removed = "filemap:mm_filemap_delete_from_page_cache";
/** A 2M block is what one entry of the direct map covers before a split. */
const blockBits = 21;

/** Every page by itself, with the 2M block that it is taken from: only for a recording that asks for it. */
export const blocksProbe: Probe = {
  name: "blocks",
  fact: "blocks",
  title: "which 2M block each secret page is taken from",
  detail: "page",
  routes: [
    {
      route: "tracepoint",
      missing: (kernel, { device }) =>
        device === null
          ? lacksSecretmem
          : (lacksTracepoint(kernel, added, removed) ??
            (pageBits(kernel) === undefined
              ? { reason: `${added} does not say how large a page is`, remedy: "a kernel whose format file says it" }
              : undefined)),
      parts: (kernel) => [
        { program: "tracepoint.bt", values: { blockShift: String(blockBits - (pageBits(kernel) ?? 0)) } },
      ],
      reads: [],
    },
  ],
};

/** The format file prints an offset in the file as `REC->index << PAGE_SHIFT` (include/trace/events/filemap.h). */
function pageBits(kernel: KernelOffer): number | undefined {
  const bits = Number(/REC->index\W+<<\s*(\d+)/.exec(kernel.tracefs?.tracepoint(added)?.print ?? "")?.[1]);
  return bits >= 12 && bits <= 16 ? bits : undefined;
}
