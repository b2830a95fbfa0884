/**
 * The part of a snapshot that is about given processes and files, with the test's own names in it, in pages: what the
 * claims compare. Secret memory of others (somebody else's tests, a password manager) is taken out of the sums; that
 * it exists must be confirmed by /proc, see `nothingLeft`.
 */
import type { FileView, HolderView, Snapshot } from "../../collector/snapshot.ts";
import { holdersNow } from "./kernelFigures.ts";
import { pageBytes } from "./machine.ts";
import type { Watch } from "./watch.ts";
import type { SecretFile } from "./workload.ts";

type Names<T> = Readonly<Record<string, T>>;

const inPages = (bytes: number | null) => (bytes === null ? null : bytes / pageBytes);

export function holderOf(snapshot: Snapshot, pid: number): HolderView | undefined {
  const found = snapshot.secret.holders.filter((holder) => holder.pid === pid);
  if (found.length > 1) throw new Error(`pid ${pid} is in the snapshot ${found.length} times`);
  return found[0];
}

export function fileOf(snapshot: Snapshot, file: SecretFile): FileView | undefined {
  const found = snapshot.secret.files.filter(({ inode, device }) => inode === file.inode && device === file.device);
  if (found.length > 1) throw new Error(`inode ${file.inode} is in the snapshot ${found.length} times`);
  return found[0];
}

export interface Picture {
  /** null: not a holder. */
  readonly holders: Names<{
    resident: number | null;
    allocated: number | null;
    descriptors: number;
    mappings: number;
  } | null>;
  /** null: no such file any more. */
  readonly files: Names<{ resident: number | null; holders: readonly string[] } | null>;
  /** Of all secret memory, less that of others. */
  readonly resident: number | null;
  readonly unheld: number | null;
}

const sum = (files: readonly FileView[]) => files.reduce((total, file) => total + (file.residentBytes ?? 0), 0);

export function picture(
  snapshot: Snapshot,
  processes: Names<{ readonly pid: number }>,
  files: Names<SecretFile>,
): Picture {
  const { secret } = snapshot;
  const nameOf = new Map(Object.entries(processes).map(([name, { pid }]) => [pid, name]));
  const mine = new Set(Object.values(files).map((file) => fileOf(snapshot, file)));
  const others = secret.files.filter((file) => !mine.has(file));
  return {
    holders: mapNames(processes, ({ pid }) => {
      const holder = holderOf(snapshot, pid);
      if (!holder) return null;
      const { descriptors, mappings, residentBytes, allocatedBytes } = holder;
      return { resident: inPages(residentBytes), allocated: inPages(allocatedBytes), descriptors, mappings };
    }),
    files: mapNames(files, (file) => {
      const found = fileOf(snapshot, file);
      if (!found) return null;
      const holders = found.holders.map((pid) => nameOf.get(pid) ?? `pid ${pid}`).sort();
      return { resident: inPages(found.residentBytes), holders };
    }),
    resident: secret.residentBytes === null ? null : inPages(secret.residentBytes - sum(others)),
    unheld:
      secret.unheldBytes === null
        ? null
        : inPages(secret.unheldBytes - sum(others.filter((file) => file.holders.length === 0))),
  };
}

function mapNames<T, U>(names: Names<T>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(names).map(([name, value]) => [name, change(value)]));
}

/** Zero everywhere: no file, no holder, no byte, but for what /proc shows at this moment in the hands of others. */
export async function nothingLeft(watch: Watch, gone: readonly { readonly pid: number }[] = []): Promise<void> {
  const ended = new Set(gone.map(({ pid }) => pid));
  await watch.becomes(
    ({ secret, hibernation, evidence }) => {
      const others = new Set(holdersNow().filter((pid) => !ended.has(pid)));
      const unexplained = (holders: readonly number[]) => !holders.some((pid) => others.has(pid));
      const othersBytes = sum(secret.files.filter((file) => !unexplained(file.holders)));
      return {
        holders: secret.holders.filter(({ pid }) => !others.has(pid)),
        files: secret.files.filter((file) => unexplained(file.holders)),
        residentBytes: secret.residentBytes === null ? null : secret.residentBytes - othersBytes,
        unheldBytes: secret.unheldBytes,
        blockers: hibernation.by.filter((pid) => !others.has(pid)),
        // A process that nobody may look into may hold some: then it is not known, and said to be so.
        blocked: others.size > 0 ? false : (hibernation.blocked ?? !(evidence.hiddenProcesses > 0)),
      };
    },
    { holders: [], files: [], residentBytes: 0, unheldBytes: 0, blockers: [], blocked: false },
  );
}
