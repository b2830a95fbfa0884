/** The close look at one process that seems to hold secret files. */
import { type Device, type FileIdentity, secretFileName } from "../../../probes/kernel/secretFile.ts";
import { type SecretMapping, secretMappings } from "./mappings.ts";
import { type ProcessRecord, readProcess } from "./processes.ts";
import { denied, gone, isMissing, listNumbers, type Missing, readLatin1 } from "./procFile.ts";
import type { SecretDevice } from "./secretDevice.ts";
import { readLink } from "./suspicion.ts";

/** One process and one secret file that it has open or mapped. */
export interface Holding {
  readonly process: ProcessRecord;
  /** The thread whose tables were read: the pid, or another thread where the first one has ended. */
  readonly tid: number;
  readonly device: Device;
  readonly inode: number;
  readonly descriptors: readonly number[];
  readonly mappings: readonly SecretMapping[];
  /** Size of the mappings, touched or not. */
  readonly mappedBytes: number;
  /** Touched and mapped by this process; null when smaps could not be read. */
  readonly residentBytes: number | null;
  readonly proportionalBytes: number | null;
  readonly memlockLimitBytes: number | "unlimited" | null;
  /** Magic links to the file, to stat or to open with O_PATH; they live as long as the descriptor or mapping. */
  readonly paths: readonly string[];
}

interface Tables {
  readonly device: Device;
  readonly inode: number;
  readonly descriptors: number[];
  readonly mappings: SecretMapping[];
  readonly paths: string[];
}

/**
 * All holdings of a process. The process is read before and after: if its pid went to another one meanwhile, what was
 * read belongs to neither and the answer is `gone`.
 */
export function readHoldings(
  pid: number,
  tid: number,
  procRoot: string,
  secret: SecretDevice,
): readonly Holding[] | Missing {
  const process = readProcess(pid, procRoot);
  if (process === undefined) return gone;
  const folder = tid === pid ? `${procRoot}/${pid}` : `${procRoot}/${pid}/task/${tid}`;
  const files = new Map<number, Tables>();
  const failure = addDescriptors(files, folder, secret) ?? addMappings(files, folder, secret);
  if (failure !== undefined) return failure;
  const limit = files.size === 0 ? null : memlockLimit(folder);
  if (readProcess(pid, procRoot)?.started !== process.started) return gone;
  return Array.from(files.values(), (file) => ({
    process,
    tid,
    ...file,
    mappedBytes: file.mappings.reduce((sum, mapping) => sum + mapping.lengthBytes, 0),
    residentBytes: total(file.mappings.map((mapping) => mapping.residentBytes)),
    proportionalBytes: total(file.mappings.map((mapping) => mapping.proportionalBytes)),
    memlockLimitBytes: limit,
  }));
}

function tables(files: Map<number, Tables>, { device, inode }: FileIdentity): Tables {
  let file = files.get(inode);
  if (file === undefined) {
    file = { device, inode, descriptors: [], mappings: [], paths: [] };
    files.set(inode, file);
  }
  return file;
}

function addDescriptors(files: Map<number, Tables>, folder: string, secret: SecretDevice) {
  const descriptors = listNumbers(`${folder}/fd`);
  if (isMissing(descriptors)) return descriptors;
  for (const descriptor of descriptors) {
    const path = `${folder}/fd/${descriptor}`;
    const link = readLink(path);
    if (link === denied) return denied;
    const identity = link === secretFileName ? secret.behindLink(path) : undefined;
    if (identity === undefined) continue;
    const file = tables(files, identity);
    file.descriptors.push(descriptor);
    file.paths.push(path);
  }
  return undefined;
}

/** smaps takes a walk through the page tables; it is read once, and maps only where smaps is not to be had. */
function addMappings(files: Map<number, Tables>, folder: string, secret: SecretDevice) {
  let text = readLatin1(`${folder}/smaps`);
  if (isMissing(text)) text = readLatin1(`${folder}/maps`);
  if (isMissing(text)) return text;
  for (const mapping of secretMappings(text)) {
    const path = `${folder}/map_files/${mapping.range}`;
    if (!secret.isMapped(mapping.device, path)) continue;
    const file = tables(files, mapping);
    file.mappings.push(mapping);
    file.paths.push(path);
  }
  return undefined;
}

/** Soft RLIMIT_MEMLOCK, bytes; null when not readable. */
function memlockLimit(folder: string): number | "unlimited" | null {
  const text = readLatin1(`${folder}/limits`);
  const soft = isMissing(text) ? undefined : /^Max locked memory +(\S+)/m.exec(text)?.[1];
  if (soft === undefined) return null;
  return soft === "unlimited" ? soft : Number(soft);
}

function total(values: readonly (number | null)[]): number | null {
  let sum = 0;
  for (const value of values) {
    if (value === null) return null;
    sum += value;
  }
  return sum;
}
