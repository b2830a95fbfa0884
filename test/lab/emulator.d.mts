import type { Log } from "./guest.d.mts";

/** The command that QEMU's arguments follow; fetched into the cache where the installed one is too old. */
export function emulator(log: Log, signal?: AbortSignal): Promise<readonly string[]>;
