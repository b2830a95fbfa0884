/** Names for user ids, from /etc/passwd alone: a directory service may be slow or away when it matters. */
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";

const limitBytes = 1024 * 1024;

export class UserNames {
  readonly #path: string;
  #names: ReadonlyMap<number, string> = new Map();
  #version = "";

  constructor(path = "/etc/passwd") {
    this.#path = path;
  }

  /** null: no such entry. Read again when the file changes; of a file above 1 MiB only the beginning counts. */
  name(uid: number): string | null {
    const stat = statSync(this.#path, { throwIfNoEntry: false, bigint: true });
    const version = stat === undefined ? "" : `${stat.ino} ${stat.mtimeNs} ${stat.size}`;
    if (version !== this.#version) {
      this.#names = version === "" ? new Map() : userNamesIn(this.#path);
      this.#version = version;
    }
    return this.#names.get(uid) ?? null;
  }
}

/** As the file stands now; of one above 1 MiB only the beginning. Empty where there is none: numbers are right too. */
export function userNamesIn(path: string): ReadonlyMap<number, string> {
  let text: string;
  try {
    const descriptor = openSync(path, "r");
    try {
      const buffer = Buffer.alloc(Math.min(fstatSync(descriptor).size, limitBytes));
      text = buffer.toString("utf8", 0, readSync(descriptor, buffer, 0, buffer.length, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return new Map();
  }
  const names = new Map<number, string>();
  for (const [, name = "", uid] of text.matchAll(/^([^:#\n]+):[^:\n]*:(\d+):/gm)) {
    // Several names may share an id; the system takes the first, and so do we.
    if (!names.has(Number(uid))) names.set(Number(uid), name);
  }
  return names;
}
