/**
 * The cheap look: could this process hold a secret file at all? Nearly all cannot, and a scan costs what it takes to
 * rule them out. Descriptors first, because their links are short; the mappings only when no descriptor gave it away,
 * since a holder may well have closed its descriptor after mmap.
 */
import { readlinkSync } from "node:fs";
import { type Device, secretFileName } from "../../../probes/kernel/secretFile.ts";
import type { MappingQuery } from "./mappingQuery.ts";
import { denied, gone, isMissing, list, type Missing, missing, readLatin1 } from "./procFile.ts";

/** nothing: no descriptor and no address space, as kernel threads and zombies have it. */
export type Suspicion = "holder?" | "no" | "nothing" | Missing;

/** folder: /proc/PID or /proc/PID/task/TID. */
export function suspect(folder: string, device: Device | undefined, query: MappingQuery): Suspicion {
  const descriptors = list(`${folder}/fd`);
  if (isMissing(descriptors)) return descriptors;
  for (const descriptor of descriptors) {
    const link = readLink(`${folder}/fd/${descriptor}`);
    if (link === secretFileName) return "holder?";
    // One refusal stands for all: the right to follow the links belongs to the process, not to the descriptor.
    if (link === denied) return denied;
  }
  const maps = `${folder}/maps`;
  const mapped = device === undefined ? "unsupported" : query.mapsDevice(maps, device);
  if (mapped === true) return "holder?";
  if (isMissing(mapped)) return mapped;
  if (mapped === "unsupported") {
    const text = readLatin1(maps);
    if (isMissing(text)) return text;
    if (text.includes(secretFileName)) return "holder?";
  }
  return descriptors.length === 0 ? "nothing" : "no";
}

/** A link that is closed meanwhile is gone; that is no news about the process. */
export function readLink(path: string): string | Missing {
  try {
    return readlinkSync(path);
  } catch (error) {
    return missing(error) === gone ? gone : denied;
  }
}
