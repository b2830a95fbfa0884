/** Which machine this is. */
import { type Device, deviceName } from "../../../probes/kernel/secretFile.ts";
import type { Accounting, HostEvent } from "../../events.ts";
import { bytes, type MonotonicNs } from "../../units.ts";
import { pageBytes } from "./pageSize.ts";
import { defaultProcRoot, isMissing, readLatin1, readUtf8 } from "./procFile.ts";

/** What a canary told about secret memory (probes/kernel/secretmem.ts); all undefined when there could be none. */
export interface SecretmemFacts {
  readonly device?: Device | undefined;
  readonly accounting?: Accounting | null | undefined;
}

/** Throws when /proc is not there. */
export function hostEvent(at: MonotonicNs, secretmem: SecretmemFacts, procRoot: string = defaultProcRoot): HostEvent {
  const meminfo = readLatin1(`${procRoot}/meminfo`);
  const total = isMissing(meminfo) ? undefined : /^MemTotal: +(\d+) kB$/m.exec(meminfo)?.[1];
  if (total === undefined) throw new Error(`${procRoot}/meminfo cannot be read`);
  return {
    kind: "host",
    at,
    ...thisMachine(procRoot),
    kernel: line(`${procRoot}/sys/kernel/osrelease`),
    memoryBytes: bytes(Number(total) * 1024),
    pageBytes: pageBytes(procRoot),
    accounting: secretmem.accounting ?? null,
    secretDevice: secretmem.device === undefined ? null : deviceName(secretmem.device),
  };
}

/** By its name and its boot: in containers of one boot the names differ, and what they mean by a user may as well. */
export const thisMachine = (procRoot: string = defaultProcRoot) => ({
  name: line(`${procRoot}/sys/kernel/hostname`),
  bootId: line(`${procRoot}/sys/kernel/random/boot_id`),
});

/** Empty when not readable: a container may mask single files of /proc/sys. */
function line(path: string): string {
  const text = readUtf8(path);
  return isMissing(text) ? "" : text.trimEnd();
}
