/** OOM kills: how many, and the last ones with the secret memory they met and freed. */
import type { OomKillView, OomView } from "../../collector/snapshot.ts";
import { indented, labelled, type Screen } from "../text/block.ts";
import { formatCount } from "../text/counts.ts";
import { formatBytes } from "../text/sizes.ts";
import { formatTime } from "../text/times.ts";

/** @param killsAtStart the kernel's count in the first snapshot; null when there was none */
export function oomLines(view: OomView, killsAtStart: number | null, shown: number, screen: Screen): string[] {
  const sinceStart = view.kills === null || killsAtStart === null ? null : view.kills - killsAtStart;
  const text =
    view.kills === null
      ? "not counted by this kernel"
      : `${formatCount(sinceStart)} since start, ${formatCount(view.kills)} since boot`;
  return [
    ...labelled("OOM kills", text, screen, sinceStart ? "warning" : undefined),
    ...(shown > 0 ? view.recent.slice(-shown) : []).flatMap((kill) => indented(sentence(kill), 2, screen)),
  ];
}

function sentence({
  time,
  victim,
  trigger,
  constraint,
  cgroup,
  secretResidentBytes,
  secretFreedBytes,
}: OomKillView): string {
  const where = constraint === "memcg" ? `limit of ${cgroup ?? "a cgroup"}` : (constraint ?? "cause unknown");
  const secret =
    secretResidentBytes === null
      ? "secret memory then not known"
      : `secret memory then ${formatBytes(secretResidentBytes)}, freed by the kill ${formatBytes(secretFreedBytes)}`;
  const limit = constraint === "none" ? "global" : where;
  return `${formatTime(time)} ${victim.comm} [${victim.pid}], set off by ${trigger.comm} [${trigger.pid}], ${limit}; ${secret}`;
}
