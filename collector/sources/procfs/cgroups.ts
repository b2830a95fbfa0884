/** Paths for cgroup ids: a probe can read a number only. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { defaultProcRoot, isMissing, readUtf8 } from "./procFile.ts";

/** memory: the one that charges memory, v1 where it is there. unified: the one of bpf_get_current_cgroup_id(). */
export type Hierarchy = "memory" | "unified";

export interface CgroupPathsOptions {
  readonly procRoot?: string;
  /** Ids remembered, also of cgroups that are gone. */
  readonly limit?: number;
  /** Directories visited in one search. */
  readonly searchLimit?: number;
  /** Share of the time that searches for unknown ids may take. */
  readonly searchShare?: number;
  readonly nowMs?: () => number;
}

interface Mount {
  readonly folder: string;
  /** What part of the hierarchy is mounted there. */
  readonly root: string;
}

/** A cgroup's id is the inode number of its directory (kernfs_ino, since 5.5); each hierarchy counts for itself. */
export class CgroupPaths {
  readonly #mount: Mount | undefined;
  readonly #limit: number;
  readonly #searchLimit: number;
  readonly #searchShare: number;
  readonly #nowMs: () => number;
  readonly #paths = new Map<bigint, string>();
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(hierarchy: Hierarchy, options: CgroupPathsOptions = {}) {
    this.#mount = findMount(hierarchy, options.procRoot ?? defaultProcRoot);
    this.#limit = options.limit ?? 16_384;
    this.#searchLimit = options.searchLimit ?? 32_768;
    this.#searchShare = options.searchShare ?? 0.02;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  /** Path within the hierarchy, "/" for its root; null: not known (now). A cgroup that is gone keeps its last path. */
  path(id: bigint): string | null {
    const known = this.#paths.get(id);
    if (known !== undefined || this.#mount === undefined) return known ?? null;
    // A cgroup made a moment ago is asked for when its first process is met or killed: now or never.
    const began = this.#nowMs();
    if (began < this.#notBefore) return null;
    this.#search(this.#mount);
    const ended = this.#nowMs();
    this.#notBefore = ended + (ended - began) / this.#searchShare;
    return this.#paths.get(id) ?? null;
  }

  /** Breadth first, so that a bounded search finds the services and containers before what is nested in them. */
  #search({ folder, root }: Mount): void {
    const queue = [""];
    for (let at = 0; at < queue.length && at < this.#searchLimit; at++) {
      const relative = queue[at] ?? "";
      try {
        const { ino } = statSync(folder + relative, { bigint: true });
        this.#remember(ino, join(root, relative));
        for (const entry of readdirSync(folder + relative, { withFileTypes: true })) {
          if (entry.isDirectory()) queue.push(`${relative}/${entry.name}`);
        }
      } catch {
        // Removed since its parent was read.
      }
    }
  }

  #remember(id: bigint, path: string): void {
    // Ids are not reused, but a cgroup can be renamed on v1. Oldest out.
    this.#paths.delete(id);
    this.#paths.set(id, path);
    if (this.#paths.size <= this.#limit) return;
    const [oldest] = this.#paths.keys();
    if (oldest !== undefined) this.#paths.delete(oldest);
  }
}

/** Source: proc_pid_mountinfo(5). id parent dev root folder options optional... - type source superoptions */
function findMount(hierarchy: Hierarchy, procRoot: string): Mount | undefined {
  const text = readUtf8(`${procRoot}/self/mountinfo`);
  if (isMissing(text)) return undefined;
  let unified: Mount | undefined;
  for (const line of text.split("\n")) {
    const [left = "", right = ""] = line.split(" - ");
    const [, , , root, folder] = left.split(" ").map(unescapeOctal);
    const [type, , options = ""] = right.split(" ");
    if (root === undefined || folder === undefined) continue;
    if (type === "cgroup" && hierarchy === "memory" && options.split(",").includes("memory")) return { folder, root };
    if (type === "cgroup2") unified ??= { folder, root };
  }
  return unified;
}

/** Space, tab, newline and backslash are printed as three octal digits (seq_path, mangle in fs/proc_namespace.c). */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
