/** Reading /proc, where a file can vanish or be forbidden at any moment and neither is an error. */
import { closeSync, openSync, readdirSync, readSync } from "node:fs";

/** The process ended, or there is no such file. */
export const gone = Symbol("gone");
/** It is there and may not be read; also any failure that is not an ending, so that none is taken for one. */
export const denied = Symbol("denied");
export type Missing = typeof gone | typeof denied;

export const defaultProcRoot = "/proc";

export function isMissing(value: unknown): value is Missing {
  return value === gone || value === denied;
}

export function missing(error: unknown): Missing {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOENT" || code === "ESRCH" || code === "ENOTDIR" ? gone : denied;
}

// Shared: reads are synchronous and every result is copied out. Half the time of readFileSync, which sizes by fstat first.
let buffer = Buffer.allocUnsafe(64 * 1024);

/** The whole file as bytes. The result is valid until the next read; decode it at once. */
function readBytes(path: string): Buffer | Missing {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    return missing(error);
  }
  try {
    let length = 0;
    for (;;) {
      if (length === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
      const count = readSync(descriptor, buffer, length, buffer.length - length, null);
      if (count === 0) return buffer.subarray(0, length);
      length += count;
    }
  } catch (error) {
    return missing(error);
  } finally {
    closeSync(descriptor);
  }
}

/** One character a byte: for files whose structure matters and whose names do not. */
export function readLatin1(path: string): string | Missing {
  const bytes = readBytes(path);
  return isMissing(bytes) ? bytes : bytes.toString("latin1");
}

/** UTF-8; what is not becomes U+FFFD. */
export function readUtf8(path: string): string | Missing {
  const bytes = readBytes(path);
  return isMissing(bytes) ? bytes : bytes.toString("utf8");
}

export function list(folder: string): readonly string[] | Missing {
  try {
    return readdirSync(folder);
  } catch (error) {
    return missing(error);
  }
}

/** Numbered entries of a folder: pids of /proc, threads of a task folder, descriptors of an fd folder. */
export function listNumbers(folder: string): readonly number[] | Missing {
  const names = list(folder);
  if (isMissing(names)) return names;
  const numbers: number[] = [];
  for (const name of names) {
    const first = name.charCodeAt(0);
    if (first >= 48 && first <= 57) numbers.push(Number(name));
  }
  return numbers;
}
