/** One OOM kill: what the kernel did, what there was before, and whether it helped. */
import type { OomKillView } from "../../../collector/snapshot.ts";
import { formatBytes } from "../../text/sizes.ts";
import { formatTime } from "../../text/times.ts";
import { userNames } from "../../text/user-name.ts";
import { oomKey } from "../model/log.ts";
import type { Scene } from "../model/scene.ts";
import type { CardWriter } from "./cardWriter.ts";
import type { Line } from "./line.ts";
import { limitHit } from "./oom.ts";

const shownSeconds = 10;

export function killCardLines(scene: Scene, kill: OomKillView, write: CardWriter): Line[] {
  const { victim, trigger, secretResidentBytes, secretFreedBytes } = kill;
  const user = userNames(scene.snapshot.host)(victim.uid);
  return [
    ...write.labelled("time", formatTime(kill.time)),
    ...write.labelled("victim", `${victim.comm} [${victim.pid}], user ${user}, in ${victim.cgroup ?? "?"}`),
    ...write.labelled("set off by", `${trigger.comm} [${trigger.pid}]`),
    ...write.labelled("limit hit", `${limitHit(kill, write.look)}${kill.cgroup === null ? "" : ` (${kill.cgroup})`}`),
    ...write.labelled("secret then", formatBytes(secretResidentBytes)),
    ...write.labelled("freed by it", verdict(secretResidentBytes, secretFreedBytes)),
    ...before(scene, kill, write),
  ];
}

function verdict(resident: number | null, freed: number | null): string {
  if (freed === null) return "? (not known)";
  if (freed === 0 && (resident ?? 0) > 0) {
    return "nothing: a futile kill, as far as secret memory goes. It comes back only with its last holder.";
  }
  return formatBytes(freed);
}

function before({ beforeKills, log }: Scene, kill: OomKillView, write: CardWriter): Line[] {
  const known = beforeKills.get(oomKey(kill));
  if (known === undefined)
    return [...write.heading("The seconds before"), ...write.text("not seen: it happened before the first snapshot")];
  const innocent = known.victimHeld
    ? `the victim held ${formatBytes(known.victimBytes)} of secret memory`
    : "the victim held no secret memory";
  const seconds = known.seconds
    .slice(-shownSeconds)
    .map(({ before: ago, residentBytes }) => `-${ago.toFixed(0)} s ${formatBytes(residentBytes)}`);
  const earlier = log.filter(({ time, what }) => {
    const ago = Date.parse(kill.time) - Date.parse(time);
    return what !== "oom" && ago >= 0 && ago <= 30_000;
  });
  return [
    ...write.heading("The seconds before"),
    ...write.text(`${innocent}.`),
    ...(seconds.length === 0 ? [] : write.text(`all secret memory: ${seconds.join(", ")}`)),
    ...known.holders.flatMap(({ comm, pid, residentBytes }) =>
      write.text(`${formatBytes(residentBytes)}  ${comm} [${pid}]`, 4),
    ),
    ...earlier
      .slice(0, 8)
      .reverse()
      .flatMap(({ time, text }) => write.text(`${formatTime(time)} ${text}`, 4, "quiet")),
  ];
}
