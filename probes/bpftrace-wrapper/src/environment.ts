import { ATTACHED_NOTICE } from "./decoder.ts";

/** Limits of bpftrace itself; each is left at bpftrace's default when not given. */
export interface BpftraceLimits {
  /** Keys a map can hold; 4096 by default. A full map drops new keys, silently without `-k`. */
  readonly maxMapKeys?: number;
  /** Bytes of a string; 64 by default, up to 200 before 0.21. */
  readonly maxStringLength?: number;
  /** Pages of the event buffer, per CPU where bpftrace uses perf buffers (0.17); a power of two. */
  readonly perfPages?: number;
}

// 0.20 gave the first two new names; unknown ones are ignored, old ones at most warned about, so both are always set.
const NAMES: Readonly<Record<keyof BpftraceLimits, readonly string[]>> = {
  maxMapKeys: ["BPFTRACE_MAP_KEYS_MAX", "BPFTRACE_MAX_MAP_KEYS"],
  maxStringLength: ["BPFTRACE_STRLEN", "BPFTRACE_MAX_STRLEN"],
  perfPages: ["BPFTRACE_PERF_RB_PAGES"],
};

/**
 * The environment to run bpftrace in: the given one, the limits under the names of every release, and the request to
 * say when all probes are attached.
 *
 * @throws RangeError when a limit is not a positive integer
 */
export function bpftraceEnvironment(
  base: Readonly<Record<string, string | undefined>>,
  limits: BpftraceLimits = {},
): Record<string, string | undefined> {
  const env: Record<string, string | undefined> = { ...base, [ATTACHED_NOTICE]: "1" };
  for (const [limit, names] of Object.entries(NAMES) as [keyof BpftraceLimits, readonly string[]][]) {
    const value = limits[limit];
    if (value === undefined) continue;
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`limits.${limit} is ${value}; it must be a positive integer.`);
    }
    for (const name of names) env[name] = String(value);
  }
  return env;
}
