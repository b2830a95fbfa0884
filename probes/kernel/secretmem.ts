/**
 * Is secret memory usable here, on which device are its files, and which accounting model does the kernel have? Asked
 * with a canary, one empty secret file that lives for a moment and never gets a page.
 */
import { closeSync, existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Accounting } from "../words.ts";
import { type Device, identify, identifySecretFile, secretFileName } from "./secretFile.ts";
import { type Outcome, type SystemCalls, systemCalls, type Unavailable } from "./syscalls.ts";

export type Secretmem =
  | { readonly available: true; readonly device: Device; readonly accounting: Accounting | null }
  | { readonly available: false; readonly reason: string; readonly remedy: string };

export interface SecretmemOptions {
  readonly procRoot?: string;
  readonly sysRoot?: string;
  readonly calls?: SystemCalls | Unavailable;
}

const closeOnExec = 0o2000000;
const canaryBytes = 4096;

/** Never throws. Makes secretmem active (and hibernation impossible) for well under a millisecond. */
export function detectSecretmem(options: SecretmemOptions = {}): Secretmem {
  const { procRoot = "/proc", sysRoot = "/sys", calls = systemCalls() } = options;
  if (!calls.available) return withoutCanary(procRoot, calls.reason);
  const canary = calls.memfdSecret(closeOnExec);
  if (!canary.ok) return refusal(canary, sysRoot);
  try {
    const file = identify(`${procRoot}/self/fd/${canary.value}`);
    if (file === undefined) {
      return {
        available: false,
        reason: `secret memory works, but ${procRoot}/self/fd cannot be read, so its files cannot be told apart`,
        remedy: "mount proc on /proc",
      };
    }
    return {
      available: true,
      device: file.device,
      accounting: detectAccounting(calls, canary.value, file.inode, procRoot),
    };
  } finally {
    closeSync(canary.value);
  }
}

/** The old model marks the mapping locked when it is made: `lo` in VmFlags. The page is never touched: that could be SIGBUS. */
function detectAccounting(calls: SystemCalls, canary: number, inode: number, procRoot: string): Accounting | null {
  const mapping = calls.mapShared(canary, canaryBytes);
  // Only the old model has a limit to hit at mmap; RLIMIT_MEMLOCK may be 0.
  if (!mapping.ok) return mapping.code === "EAGAIN" ? "mlock" : null;
  try {
    const flags = vmFlags(readFileSync(`${procRoot}/self/smaps`, "latin1"), inode);
    if (flags === undefined) return null;
    return flags.includes("lo") ? "mlock" : "user";
  } catch {
    return null;
  } finally {
    calls.unmap(mapping.value, canaryBytes);
  }
}

/** VmFlags of the secret mapping of this inode, in the text of an smaps file; undefined when it is not there. */
export function vmFlags(smaps: string, inode: number): readonly string[] | undefined {
  const header = new RegExp(`^[0-9a-f]+-[0-9a-f]+ .* ${inode} +/secretmem \\(deleted\\)$`, "m").exec(smaps);
  if (header === null) return undefined;
  const flags = /^VmFlags: (.*)$/m.exec(smaps.slice(header.index));
  return flags?.[1]?.trim().split(/ +/);
}

function refusal(failure: Outcome & { ok: false }, sysRoot: string): Secretmem {
  switch (failure.code) {
    case "ENOSYS":
      return notThere(sysRoot);
    case "EPERM":
    case "EACCES":
      return {
        available: false,
        reason: `memfd_secret is forbidden here (${failure.code}), as by a container's seccomp filter`,
        remedy: "allow memfd_secret in the seccomp profile, or run outside the container",
      };
    case "EMFILE":
    case "ENFILE":
      return {
        available: false,
        reason: `no descriptor is left for a canary (${failure.code})`,
        remedy: "raise the limit of open files (ulimit -n, fs.file-max)",
      };
    default:
      return {
        available: false,
        reason: `memfd_secret answered ${failure.code}`,
        remedy: "look for it in the kernel's log",
      };
  }
}

/** ENOSYS has three causes; the module parameter (mode 0400, 5.14+) tells them apart. */
function notThere(sysRoot: string): Secretmem {
  const parameter = `${sysRoot}/module/secretmem/parameters/enable`;
  let enabled: string | undefined;
  try {
    enabled = readFileSync(parameter, "latin1").trim();
  } catch {}
  if (enabled === "Y") {
    return {
      available: false,
      reason: "secret memory is enabled, but this architecture or its configuration cannot change the direct map",
      remedy: "on arm64 boot with rodata=full",
    };
  }
  if (enabled === "N" || existsSync(parameter)) {
    return {
      available: false,
      reason: "secret memory is disabled (the default up to Linux 6.4)",
      remedy: "boot with secretmem.enable=1",
    };
  }
  return {
    available: false,
    reason: "this kernel has no memfd_secret",
    remedy: "use Linux 5.14 or later built with CONFIG_SECRETMEM",
  };
}

/** Without system calls, a file that somebody holds already tells the device. */
function withoutCanary(procRoot: string, why: string): Secretmem {
  const found = deviceInUse(procRoot);
  if (found !== undefined) return { available: true, device: found, accounting: null };
  return {
    available: false,
    reason: `no canary can be made (${why}), and no process holds a secret file`,
    remedy: "install secretscope with its optional dependencies, on x86-64 or arm64",
  };
}

/** The device of any secret file that a visible process holds, confirmed by its file-system type. */
export function deviceInUse(procRoot = "/proc"): Device | undefined {
  for (const pid of entries(procRoot)) {
    if (!/^\d+$/.test(pid)) continue;
    for (const folder of ["fd", "map_files"]) {
      for (const name of entries(`${procRoot}/${pid}/${folder}`)) {
        const path = `${procRoot}/${pid}/${folder}/${name}`;
        const file = linksToSecretName(path) ? identifySecretFile(path) : undefined;
        if (file !== undefined) return file.device;
      }
    }
  }
  return undefined;
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linksToSecretName(path: string): boolean {
  try {
    return readlinkSync(path) === secretFileName;
  } catch {
    return false;
  }
}
