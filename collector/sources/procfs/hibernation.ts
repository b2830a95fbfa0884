/**
 * Can this machine hibernate, and if not, why? The kernel refuses while any secret file exists (hibernation_available,
 * kernel/power/hibernate.c), which makes the reverse a proof: where it would hibernate, there is no secret file at all.
 */
import { defaultProcRoot, isMissing, readLatin1 } from "./procFile.ts";

export type Hibernation =
  /** It would. No secret file exists, held, mapped or in flight. */
  | { readonly state: "available" }
  /** It could but for something: a secret file, or one of the other reasons, if one is known. */
  | { readonly state: "refused"; readonly otherReason: string | null }
  /** This kernel has no hibernation. */
  | { readonly state: "unsupported" };

export interface HibernationOptions {
  readonly procRoot?: string;
  readonly sysRoot?: string;
}

/** Two small reads, about 10 us. Source: state_show in kernel/power/main.c, disk_show in kernel/power/hibernate.c. */
export function hibernationSupport(options: HibernationOptions = {}): Hibernation {
  const { procRoot = defaultProcRoot, sysRoot = "/sys" } = options;
  const state = readLatin1(`${sysRoot}/power/state`);
  if (!isMissing(state) && state.trim().split(/\s+/).includes("disk")) return { state: "available" };
  const disk = readLatin1(`${sysRoot}/power/disk`);
  if (isMissing(disk)) return { state: "unsupported" };
  return { state: "refused", otherReason: otherReason(procRoot, sysRoot) };
}

function otherReason(procRoot: string, sysRoot: string): string | null {
  const lockdown = readLatin1(`${sysRoot}/kernel/security/lockdown`);
  const mode = isMissing(lockdown) ? undefined : /\[(integrity|confidentiality)\]/.exec(lockdown)?.[1];
  if (mode !== undefined) return `the kernel is locked down (${mode})`;
  const commandLine = readLatin1(`${procRoot}/cmdline`);
  const words = isMissing(commandLine) ? [] : commandLine.trim().split(/\s+/);
  for (const word of ["nohibernate", "hibernate=no"]) {
    if (words.includes(word)) return `the kernel was booted with ${word}`;
  }
  return null;
}
