/** How many pages a held secret file has now. No page is read or touched by any route. */
import { closeSync, fstatSync } from "node:fs";
import { deviceOfStat } from "../../../probes/kernel/secretFile.ts";
import { type SystemCalls, systemCalls, type Unavailable } from "../../../probes/kernel/syscalls.ts";
import type { FileSizeSample } from "../../events.ts";
import { inode, type MonotonicNs, pages } from "../../units.ts";
import { pageBytes } from "./pageSize.ts";
import { defaultProcRoot } from "./procFile.ts";
import { residentPages } from "./residentPages.ts";
import type { HeldFile, Holding } from "./scan.ts";

export interface FileSize {
  readonly pages: number;
  /** cachestat: the kernel's own count. pagemap: union of what the holders map. smaps: what one of them maps. */
  readonly route: "cachestat" | "pagemap" | "smaps";
  /** false: a lower bound; pages that no holder has mapped (mapped window by window, or by a descriptor only) are missing. */
  readonly exact: boolean;
}

export interface FileSizeOptions {
  readonly procRoot?: string;
  readonly calls?: SystemCalls | Unavailable;
}

/** PIDFD_THREAD, include/uapi/linux/pidfd.h, 6.9. */
const pidfdThread = 0o200;
/** One refusal is likely to be followed by the next: other holders' descriptors are tried this often. */
const attempts = 8;

/**
 * undefined: nothing can count it (only descriptors, and no cachestat or no right to them; or all holders are gone).
 *
 * cachestat(2) (6.5+) wants a descriptor, so this process holds the file for some microseconds. Should the last holder
 * end in them, the pages are freed here, in secretscope's name.
 */
export function fileSize(file: HeldFile, options: FileSizeOptions = {}): FileSize | undefined {
  const { procRoot = defaultProcRoot, calls = systemCalls() } = options;
  const counted = calls.available ? byCachestat(calls, file) : undefined;
  if (counted !== undefined) return { pages: counted, route: "cachestat", exact: true };
  const page = pageBytes(procRoot);
  const mapping = file.holdings.filter((holding) => holding.mappings.length > 0);
  if (mapping.length === 0) return undefined;
  const single = mapping.length === 1 && mapping[0]?.mappings.length === 1;
  const union = single ? null : residentPages(mapping, page, procRoot);
  if (union !== null) return { pages: union, route: "pagemap", exact: false };
  const most = largestMapping(mapping);
  return most === null ? undefined : { pages: most / page, route: "smaps", exact: false };
}

function byCachestat(calls: SystemCalls, file: HeldFile): number | undefined {
  let left = attempts;
  for (const holding of file.holdings) {
    for (const descriptor of holding.descriptors) {
      if (left-- === 0) return undefined;
      const cached = cachedPages(calls, file, holding, descriptor);
      if (cached !== undefined) return cached;
    }
  }
  return undefined;
}

function cachedPages(calls: SystemCalls, file: HeldFile, holding: Holding, descriptor: number): number | undefined {
  const flags = holding.tid === holding.process.pid ? 0 : pidfdThread;
  const pidfd = calls.pidfdOpen(holding.tid, flags);
  if (!pidfd.ok) return undefined;
  try {
    const ours = calls.pidfdGetfd(pidfd.value, descriptor);
    if (!ours.ok) return undefined;
    try {
      // The pid or the descriptor may be another one's by now.
      const stat = fstatSync(ours.value, { bigint: true });
      if (Number(stat.ino) !== file.inode || deviceOfStat(stat.dev).sDev !== file.device.sDev) return undefined;
      const state = calls.cachestat(ours.value);
      return "cached" in state ? state.cached : undefined;
    } finally {
      closeSync(ours.value);
    }
  } finally {
    closeSync(pidfd.value);
  }
}

/** What several mappings have in common is unknown without pagemap; the largest alone is there for certain. */
function largestMapping(holdings: readonly Holding[]): number | null {
  let most: number | null = null;
  for (const { residentBytes } of holdings.flatMap((holding) => holding.mappings)) {
    if (residentBytes !== null) most = Math.max(most ?? 0, residentBytes);
  }
  return most;
}

/** For the ledger, which takes a file's size as the truth: a lower bound is not put into an event. */
export function fileSizeSample(
  file: HeldFile,
  size: FileSize | undefined,
  at: MonotonicNs,
): FileSizeSample | undefined {
  if (size === undefined || !size.exact) return undefined;
  return { kind: "fileSize", at, inode: inode(file.inode), pages: pages(size.pages) };
}
