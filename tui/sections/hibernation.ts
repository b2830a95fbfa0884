/** Whether secret memory keeps this machine from hibernating. */
import type { Snapshot } from "../../collector/snapshot.ts";

/** How many processes are named before the rest is counted. */
const named = 5;

/** Goes behind the word "hibernation". */
export function hibernationState({ hibernation, secret }: Snapshot): string {
  if (hibernation.blocked === null) return "whether secret memory blocks it cannot be told here";
  if (!hibernation.blocked) return "not blocked by secret memory";
  const comms = new Map(secret.holders.map(({ pid, comm }) => [pid, comm]));
  const names = hibernation.by.slice(0, named).map((pid) => `${comms.get(pid) ?? "?"} [${pid}]`);
  const rest = hibernation.by.length - names.length;
  const who = names.length === 0 ? "" : `: ${names.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
  return `blocked, the kernel refuses it while any secret file is open${who}`;
}
