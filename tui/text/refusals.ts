/** What the kernel turned down, in words. */
import type { HostView, RefusalView } from "../../collector/snapshot.ts";
import { formatCount } from "./counts.ts";

/** What the process called, or did. */
const attempts: Readonly<Record<RefusalView["what"], string>> = { create: "memfd_secret", map: "mmap", fault: "touch" };

/**
 * What the answer means. Sources: secretmem_mmap, secretmem_fault and memfd_secret(2) (mm/secretmem.c), do_mmap
 * (mm/mmap.c); by the model that counts faults (HostView.accounting "user") mappings are free and a touch is refused.
 */
const meanings: Readonly<Record<string, string>> = {
  "create EINVAL": "unknown flags",
  "create EMFILE": "no descriptor left for the process",
  "create ENFILE": "no file left on this machine",
  "create ENOSYS": "secret memory is off",
  "map EAGAIN": "over RLIMIT_MEMLOCK",
  "map ENOMEM": "no address space or memory left",
};

/** "3 x mmap EAGAIN (over RLIMIT_MEMLOCK)". The code of a recording is anybody's text: to be made safe where printed. */
export function refusalText({ what, code, count }: RefusalView, accounting: HostView["accounting"]): string {
  const meaning = what === "fault" ? faultMeaning(accounting) : meanings[`${what} ${code}`];
  return `${formatCount(count)} x ${attempts[what]} ${code}${meaning === undefined ? "" : ` (${meaning})`}`;
}

function faultMeaning(accounting: HostView["accounting"]): string {
  return accounting === "mlock"
    ? "past the end of the file, or no memory"
    : "over the limit, or past the end of the file";
}

/** Kinds in a row, the largest first. */
export const refusalTexts = (refusals: readonly RefusalView[], accounting: HostView["accounting"]): string =>
  refusals.map((refusal) => refusalText(refusal, accounting)).join(", ");
