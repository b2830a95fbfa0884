/** OOM kills of a recording: the victim, and who really held the secret memory. */
import type { KillReport, OomReport } from "../../collector/publish/report/report.ts";
import { indented, labelled, type Screen } from "../text/block.ts";
import { formatCount } from "../text/counts.ts";
import { formatBytes } from "../text/sizes.ts";
import { formatTime } from "../text/times.ts";

const shown = 5;

export function killLines({ kernel, kills }: OomReport, screen: Screen): string[] {
  const text =
    kernel === null
      ? `${formatCount(kills.length)} seen; the kernel does not count them`
      : `${formatCount(kernel)} counted by the kernel, ${formatCount(kills.length)} seen`;
  const rest = kills.length - shown;
  return [
    ...labelled("OOM kills", text, screen, (kernel ?? 0) > 0 || kills.length > 0 ? "warning" : undefined),
    ...kills
      .slice(0, shown)
      .flatMap((kill) => [
        ...indented(`${head(kill)}.`, 2, screen),
        ...indented(`${secretOf(kill)}.`, 4, screen),
        ...indented(`${heldBy(kill)}.`, 4, screen),
      ]),
    ...(rest > 0 ? indented(`and ${formatCount(rest)} more: --json`, 2, screen, "quiet") : []),
  ];
}

function head({ time, victim, trigger, constraint, cgroup }: KillReport): string {
  const when = time === null ? "?" : formatTime(time);
  const where =
    constraint === "memcg" ? `limit of ${cgroup ?? "a cgroup"}` : constraint === "none" ? "global" : constraint;
  const cause = where ?? "cause unknown";
  return `${when} ${victim.comm} [${victim.pid}], set off by ${trigger.comm} [${trigger.pid}], ${cause}`;
}

function secretOf({ secretResidentBytes, secretFreedBytes }: KillReport): string {
  if (secretResidentBytes === null) return "Secret memory then: not known";
  return `Secret memory then ${formatBytes(secretResidentBytes)}, freed by the kill ${formatBytes(secretFreedBytes)}`;
}

function heldBy({ victim, victimHeldBytes, holders, holdersLeft }: KillReport): string {
  if (holders === null) return "Who held it then is not known: no look at /proc came before";
  if (holders.length === 0) return "Nobody was seen holding any";
  const names = holders.map(({ pid, comm, residentBytes }) => {
    const name = pid === victim.pid ? "the victim itself" : `${comm} [${pid}]`;
    return `${name} ${formatBytes(residentBytes)}`;
  });
  const more = holdersLeft > 0 ? ` and ${formatCount(holdersLeft)} more` : "";
  const own = holders.some(({ pid }) => pid === victim.pid) ? "" : `; the victim ${formatBytes(victimHeldBytes)}`;
  return `Held by ${names.join(", ")}${more}${own}`;
}
