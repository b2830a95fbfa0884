/**
 * Descriptors on their way: sent through a socket (SCM_RIGHTS) and not received yet. A secret file among them is in no
 * process's hands, so no look at who holds what finds it. Source: scm_fds in fdinfo of a unix socket (unix_show_fdinfo in
 * net/unix/af_unix.c, since 5.6), which counts those that wait to be received from it.
 */
import { readlinkSync } from "node:fs";
import { defaultProcRoot, isMissing, listNumbers, readLatin1 } from "./procFile.ts";

export interface InFlight {
  readonly descriptors: number;
  /** fdinfo of the sockets that they wait in. */
  readonly sockets: readonly string[];
}

/** Processes looked at before others get their turn on the event loop. */
const atOnce = 64;

/** Looks at all sockets that some process has open. What it is that waits there, the kernel does not say. */
export async function lookForFlights(procRoot: string = defaultProcRoot): Promise<InFlight> {
  const pids = listNumbers(procRoot);
  // A socket that several have open is counted once.
  const seen = new Set<string>();
  const sockets: string[] = [];
  let descriptors = 0;
  for (const [index, pid] of (isMissing(pids) ? [] : pids).entries()) {
    if (index % atOnce === atOnce - 1) await new Promise((resolve) => setImmediate(resolve));
    const numbers = listNumbers(`${procRoot}/${pid}/fd`);
    for (const number of isMissing(numbers) ? [] : numbers) {
      const socket = socketBehind(`${procRoot}/${pid}/fd/${number}`);
      if (socket === undefined || seen.has(socket)) continue;
      seen.add(socket);
      const waiting = waitingIn(`${procRoot}/${pid}/fdinfo/${number}`);
      if (waiting === 0) continue;
      descriptors += waiting;
      sockets.push(`${procRoot}/${pid}/fdinfo/${number}`);
    }
  }
  return { descriptors, sockets };
}

/** Whether something still waits in one of them: a few reads, where looking for flights asks every process. */
export const stillWaits = ({ sockets }: InFlight): boolean => sockets.some((socket) => waitingIn(socket) > 0);

function socketBehind(link: string): string | undefined {
  try {
    const target = readlinkSync(link);
    return target.startsWith("socket:") ? target : undefined;
  } catch {
    // Closed meanwhile, or of a process that may not be looked into, which a scan counts.
    return undefined;
  }
}

function waitingIn(fdinfo: string): number {
  const text = readLatin1(fdinfo);
  return isMissing(text) ? 0 : Number(/^scm_fds:\s*(\d+)$/m.exec(text)?.[1] ?? 0);
}
