/** Which file is it, and is it a secret one: by device and file-system type, never by name (a plain file can carry the name). */
import { statfsSync, statSync } from "node:fs";

/** A device as the kernel writes it. sDev is the form in tracepoints: major << 20 | minor (include/linux/kdev_t.h). */
export interface Device {
  readonly major: number;
  readonly minor: number;
  readonly sDev: number;
}

export interface FileIdentity {
  readonly device: Device;
  readonly inode: number;
}

/** What links and maps call every secret file; it has no name of its own and was never linked (mm/secretmem.c). */
export const secretFileName = "/secretmem (deleted)";

/** SECRETMEM_MAGIC, "SECM" (include/uapi/linux/magic.h, 5.14). */
const secretmemMagic = 0x5345434d;

export function device(major: number, minor: number): Device {
  return { major, minor, sDev: major * 0x100000 + minor };
}

/** As in /proc/PID/maps: hexadecimal, at least two digits each. */
export function deviceName({ major, minor }: Device): string {
  const part = (number: number) => number.toString(16).padStart(2, "0");
  return `${part(major)}:${part(minor)}`;
}

/** Takes apart st_dev in the encoding of glibc and musl (gnu_dev_makedev): 12 bits of the major lie above 8 of the minor. */
export function deviceOfStat(dev: bigint): Device {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  return device(Number(major), Number(minor));
}

/** Identity of the file behind a path, following a /proc/PID/fd or map_files link. undefined: gone or not permitted. */
export function identify(path: string): FileIdentity | undefined {
  try {
    const stat = statSync(path, { bigint: true });
    return { device: deviceOfStat(stat.dev), inode: Number(stat.ino) };
  } catch {
    return undefined;
  }
}

/** Identity of the file behind a path if, by the type of its file system, it is a secret one. Needs no canary. */
export function identifySecretFile(path: string): FileIdentity | undefined {
  try {
    return statfsSync(path).type === secretmemMagic ? identify(path) : undefined;
  } catch {
    return undefined;
  }
}
