/** What the kernel counts itself, whoever watches. */
import type { KernelSample } from "../../events.ts";
import { type Bytes, bytes, type MonotonicNs } from "../../units.ts";
import { defaultProcRoot, isMissing, readLatin1 } from "./procFile.ts";

/**
 * Splits and collapses since boot, direct-map sizes, OOM kills, unevictable memory. null where the kernel has no such
 * line: arm64 has no direct-map figures, collapses came with 6.15.
 *
 * vmstat names levels as x86 does: level2 is the 2M mapping, level3 the 1G one (arch/x86/mm/pat/set_memory.c). The
 * unevictable figure is batched per CPU and may lag by some hundred pages.
 */
export function kernelSample(at: MonotonicNs, procRoot: string = defaultProcRoot): KernelSample {
  const vmstat = figures(`${procRoot}/vmstat`, /^(\w+) (\d+)$/gm);
  const meminfo = figures(`${procRoot}/meminfo`, /^(\w+): +(\d+) kB$/gm);
  const count = (name: string) => vmstat.get(name) ?? null;
  const size = (name: string): Bytes | null => {
    const kib = meminfo.get(name);
    return kib === undefined ? null : bytes(kib * 1024);
  };
  return {
    kind: "kernel",
    at,
    splits: { "2m": count("direct_map_level2_splits"), "1g": count("direct_map_level3_splits") },
    collapses: { "2m": count("direct_map_level2_collapses"), "1g": count("direct_map_level3_collapses") },
    directMapBytes: { "4k": size("DirectMap4k"), "2m": size("DirectMap2M"), "1g": size("DirectMap1G") },
    oomKills: count("oom_kill"),
    unevictableBytes: size("Unevictable"),
  };
}

function figures(path: string, line: RegExp): ReadonlyMap<string, number> {
  const text = readLatin1(path);
  if (isMissing(text)) return new Map();
  return new Map(Array.from(text.matchAll(line), ([, name = "", value]) => [name, Number(value)]));
}
