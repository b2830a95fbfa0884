/** One process: what it holds, who else does, what was refused to it, its splits and its OOM history. */
import { limitUse } from "../../../collector/memlock.ts";
import type { HolderView, RefusedProcessView, Snapshot, SplitCauseView } from "../../../collector/snapshot.ts";
import { counted, formatCount, formatShare } from "../../text/counts.ts";
import { refusalText } from "../../text/refusals.ts";
import { formatBytes, formatLimit } from "../../text/sizes.ts";
import { formatAgo, formatTime } from "../../text/times.ts";
import { userAndNumber } from "../../text/user-name.ts";
import { holderKey } from "../model/holderIndex.ts";
import { placeOf } from "../model/holderRows.ts";
import type { Scene } from "../model/scene.ts";
import { type Card, type CardWriter, mostListed } from "./cardWriter.ts";
import type { Line } from "./line.ts";

/** @returns undefined: nothing is known of it but its number */
export function processCard(scene: Scene, pid: number, write: CardWriter): Card | undefined {
  const { secret } = scene.snapshot;
  const holder = secret.holders.find((each) => each.pid === pid);
  if (holder !== undefined) return holderCard(scene, holder, write);
  const refused = secret.refusedProcesses.find((each) => each.pid === pid);
  return refused === undefined ? undefined : refusedCard(scene.snapshot, refused, write);
}

/** It asked and was turned down, and holds nothing (any more). */
function refusedCard(snapshot: Snapshot, { pid, startTicks, comm, uid }: RefusedProcessView, write: CardWriter): Card {
  const causes = snapshot.splitCauses.filter((cause) => cause.pid === pid && !cause.own);
  return {
    name: `${comm || "?"} [${pid}]`,
    lines: [
      ...write.labelled("user", userAndNumber(uid, snapshot.host)),
      ...write.labelled("holds", "no secret memory now"),
      ...refusedOf(snapshot, { pid, startTicks, refusals: [] }, write),
      ...splitsOf(causes, snapshot, write),
      ...killsOf(snapshot, { pid, cgroup: null }, write),
    ],
  };
}

export function holderCard(scene: Scene, holder: HolderView, write: CardWriter): Card {
  const { snapshot, rates } = scene;
  const use = limitUse(snapshot)(holder);
  const used =
    use === "exempt" ? "exempt as root" : `${formatBytes(use)} used, ${formatShare(use, holder.memlockLimitBytes)}`;
  const perSecond = rates === null ? null : (rates.get(holderKey(holder)) ?? 0);
  const causes = snapshot.splitCauses.filter(({ pid, own }) => pid === holder.pid && !own);
  return {
    name: `${holder.comm} [${holder.pid}]`,
    lines: [
      ...write.labelled("user", userAndNumber(holder.uid, snapshot.host)),
      ...write.labelled("in", placeOf(holder.cgroup) ?? "?"),
      ...(holder.cgroup === null || placeOf(holder.cgroup) === holder.cgroup
        ? []
        : write.labelled("cgroup", holder.cgroup)),
      ...write.labelled(
        "resident",
        `${formatBytes(holder.residentBytes)}, its share ${formatBytes(holder.proportionalBytes)}, mapped ${formatBytes(holder.mappedBytes)}`,
      ),
      ...write.labelled(
        "allocated",
        `${formatBytes(holder.allocatedBytes)}, ${perSecond === null ? "?" : formatBytes(Math.round(perSecond))} a second now`,
      ),
      ...write.labelled(
        "holds by",
        `${counted(holder.descriptors, "descriptor")}, ${counted(holder.mappings, "mapping")}`,
      ),
      ...write.labelled("limit", `${formatLimit(holder.memlockLimitBytes)} (RLIMIT_MEMLOCK), ${used}`),
      ...refusedOf(snapshot, holder, write),
      ...filesOf(snapshot, holder.pid, write),
      ...splitsOf(causes, snapshot, write),
      ...killsOf(snapshot, holder, write),
    ],
  };
}

/** By kind, with when it was last, as far as it is on the list of the latest. */
function refusedOf(
  { host, secret, evidence, time }: Snapshot,
  { pid, startTicks, refusals }: Pick<HolderView, "pid" | "startTicks" | "refusals">,
  write: CardWriter,
): Line[] {
  const latest = secret.refusedProcesses.filter((each) => each.pid === pid && each.startTicks === startTicks);
  const all = refusals.length > 0 ? refusals : latest;
  if (all.length === 0) {
    const { creation, refusals: mappings, faults } = evidence.route;
    return write.labelled("refused", creation || mappings || faults ? "never since start" : "? (not seen here)");
  }
  return all.flatMap((each, index) => {
    const last = latest.find(({ what, code }) => what === each.what && code === each.code)?.last;
    const when = last === undefined ? "" : `, last ${formatAgo(last, time)}`;
    return write.labelled(index === 0 ? "refused" : "", `${refusalText(each, host.accounting)}${when}`, "warning");
  });
}

function filesOf({ secret }: Snapshot, pid: number, write: CardWriter): Line[] {
  const files = secret.files.filter(({ holders }) => holders.includes(pid));
  const names = new Map(secret.holders.map((each) => [each.pid, each.comm]));
  const others = (holders: readonly number[]) => {
    const rest = holders.filter((other) => other !== pid);
    if (rest.length === 0) return "nobody else has it";
    const named = rest.slice(0, 3).map((other) => `${names.get(other) ?? "?"} [${other}]`);
    return `also ${named.join(", ")}${rest.length > 3 ? ` and ${rest.length - 3} more` : ""}`;
  };
  return [
    ...write.heading(`Secret files (${files.length})`),
    ...files.slice(0, mostListed).flatMap(({ device, inode, residentBytes, creatorPid, holders }) => {
      const made =
        creatorPid === null ? "made before start" : creatorPid === pid ? "made by it" : `made by [${creatorPid}]`;
      return write.text(`${device}:${inode}  ${formatBytes(residentBytes)}, ${made}, ${others(holders)}`);
    }),
    ...(files.length > mostListed ? write.text(`and ${formatCount(files.length - mostListed)} more`, 2, "quiet") : []),
  ];
}

function splitsOf(causes: readonly SplitCauseView[], { time, evidence }: Snapshot, write: CardWriter): Line[] {
  const none = evidence.route.splits === null ? "causes are not seen here" : "none by it since start";
  return [
    ...write.heading("Splits of the direct map"),
    ...(causes.length === 0 ? write.text(none) : []),
    ...causes
      .slice(0, mostListed)
      .flatMap(({ cause, level, count, last, stack }) => [
        ...write.text(
          `${formatCount(count)} by ${cause}, mapping ${level?.toUpperCase() ?? "?"}, last ${formatAgo(last, time)}`,
        ),
        ...(stack.length === 0 ? [] : write.text(stack.slice(0, 6).join(" < "), 4, "quiet")),
      ]),
  ];
}

function killsOf({ oom }: Snapshot, { pid, cgroup }: Pick<HolderView, "pid" | "cgroup">, write: CardWriter): Line[] {
  const kills = oom.recent.filter((kill) => kill.trigger.pid === pid || (cgroup !== null && kill.cgroup === cgroup));
  return [
    ...write.heading("OOM kills"),
    ...(kills.length === 0 ? write.text("none set off by it or in its cgroup since start") : []),
    ...kills.slice(-mostListed).flatMap(({ time, victim, trigger }) => {
      const why = trigger.pid === pid ? "set off by it" : "in its cgroup";
      return write.text(`${formatTime(time)} ${victim.comm} [${victim.pid}], ${why}`);
    }),
  ];
}
