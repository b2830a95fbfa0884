/** All that is known about one row, on one card; the same lines are what `c` copies. */

import { limitUse } from "../../../collector/memlock.ts";
import type { HolderView, Snapshot, SplitCauseView } from "../../../collector/snapshot.ts";
import { counted, formatCount, formatShare } from "../../text/counts.ts";
import { formatBytes, formatLimit } from "../../text/sizes.ts";
import { formatAgo, formatTime } from "../../text/times.ts";
import { userName } from "../../text/user-name.ts";
import { fit } from "../../text/width.ts";
import type { Look } from "../look.ts";
import { holderKey } from "../model/holderIndex.ts";
import { type HolderRow, placeOf, unheldKey } from "../model/holderRows.ts";
import { oomKey } from "../model/log.ts";
import type { Scene } from "../model/scene.ts";
import type { SplitRow } from "../model/splitRows.ts";
import type { PanelName } from "../state.ts";
import { killCardLines } from "./killCard.ts";
import { emptyLine, type Line, line, outside, paragraph, span, type Tone } from "./line.ts";

export interface CardRows {
  readonly holders: readonly HolderRow[];
  readonly splits: readonly SplitRow[];
}

export interface Card {
  readonly name: string;
  readonly lines: readonly Line[];
}

const labelColumns = 14;
const mostListed = 12;

/** Lines of the card's parts, all of them cut to the same width. */
export class CardWriter {
  constructor(
    readonly columns: number,
    readonly look: Look,
  ) {}

  labelled(label: string, text: string, tone?: Tone): Line[] {
    return paragraph(outside(text, this.look), this.columns - labelColumns - 1, 0, tone).map((each, index) =>
      line(" ", span(fit(index === 0 ? label : "", labelColumns), "quiet"), ...each.spans),
    );
  }

  heading(text: string): Line[] {
    return [emptyLine, line(span(` ${text}`, "accent"))];
  }

  text(text: string, indent = 2, tone?: Tone): Line[] {
    return paragraph(outside(text, this.look), this.columns, indent, tone);
  }
}

export function card(scene: Scene, rows: CardRows, panel: PanelName, key: string, columns: number, look: Look): Card {
  const write = new CardWriter(columns, look);
  const { snapshot } = scene;
  switch (panel) {
    case "holders": {
      const holder = snapshot.secret.holders.find((each) => holderKey(each) === key);
      if (holder !== undefined) return holderCard(scene, holder, write);
      const row = rows.holders.find((each) => each.key === key);
      if (row !== undefined) return key === unheldKey ? unheldCard(snapshot, write) : groupCard(row, write);
      return gone(key, scene, write);
    }
    case "splits": {
      const row = rows.splits.find((each) => each.key === key);
      return row === undefined ? gone(key, scene, write) : splitCard(scene, row, write);
    }
    case "oom": {
      const kill = snapshot.oom.recent.find((each) => oomKey(each) === key);
      if (kill === undefined) return gone(key, scene, write);
      const name = `OOM kill of ${kill.victim.comm} [${kill.victim.pid}]`;
      return { name, lines: killCardLines(scene, kill, write) };
    }
    default: {
      const entry = scene.log.find((each) => each.key === key);
      if (entry === undefined) return gone(key, scene, write);
      const holder = snapshot.secret.holders.find(({ pid }) => pid === entry.pid);
      const lines = [...write.labelled("time", formatTime(entry.time)), ...write.labelled(entry.what, entry.text)];
      if (holder === undefined) return { name: "event", lines };
      const more = holderCard(scene, holder, write);
      return { name: more.name, lines: [...lines, emptyLine, ...more.lines] };
    }
  }
}

/** A process can end while its card is open. */
function gone(key: string, { log }: Scene, write: CardWriter): Card {
  const [pid] = key.split(":");
  const last = log.find((entry) => String(entry.pid) === pid);
  return {
    name: "gone",
    lines: [
      ...write.text("This row is gone: the process has ended, or holds nothing any more. Esc goes back.", 1),
      ...(last === undefined ? [] : write.labelled("last seen", `${formatTime(last.time)} ${last.text}`)),
    ],
  };
}

function holderCard(scene: Scene, holder: HolderView, write: CardWriter): Card {
  const { snapshot, rates } = scene;
  const use = limitUse(snapshot)(holder);
  const used =
    use === "exempt" ? "exempt as root" : `${formatBytes(use)} used, ${formatShare(use, holder.memlockLimitBytes)}`;
  const perSecond = rates === null ? null : (rates.get(holderKey(holder)) ?? 0);
  const causes = snapshot.splitCauses.filter(({ pid, own }) => pid === holder.pid && !own);
  return {
    name: `${holder.comm} [${holder.pid}]`,
    lines: [
      ...write.labelled("user", holder.uid === null ? "?" : `${userName(holder.uid)} (${holder.uid})`),
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
      ...write.labelled(
        "refused",
        holder.refused === 0 ? "never since start" : counted(holder.refused, "time"),
        holder.refused > 0 ? "warning" : undefined,
      ),
      ...filesOf(snapshot, holder.pid, write),
      ...splitsOf(causes, snapshot, write),
      ...killsOf(snapshot, holder, write),
    ],
  };
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

function killsOf({ oom }: Snapshot, { pid, cgroup }: HolderView, write: CardWriter): Line[] {
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

function unheldCard({ secret }: Snapshot, write: CardWriter): Card {
  const files = secret.files.filter(({ holders }) => holders.length === 0);
  return {
    name: "held by no process",
    lines: [
      ...write.text(
        `${formatBytes(secret.unheldBytes)} of secret memory that no process has open or mapped. It is in flight in a socket (SCM_RIGHTS), or something in the kernel keeps it. It is freed when the socket is read or closed.`,
        1,
      ),
      ...write.heading(`Secret files (${files.length})`),
      ...files
        .slice(0, mostListed)
        .flatMap(({ device, inode, residentBytes, creatorPid }) =>
          write.text(
            `${device}:${inode}  ${formatBytes(residentBytes)}, ${creatorPid === null ? "made before start" : `made by [${creatorPid}]`}`,
          ),
        ),
    ],
  };
}

function groupCard(row: HolderRow, write: CardWriter): Card {
  return {
    name: row.user !== null && row.key.startsWith("user:") ? `user ${row.user}` : (row.place ?? "group"),
    lines: [
      ...write.labelled("processes", formatCount(row.processes)),
      ...write.labelled("share", `${formatBytes(row.proportionalBytes)} of secret memory, shared pages counted once`),
      ...write.labelled("resident", `${formatBytes(row.residentBytes)}, shared pages counted in each process`),
      ...write.labelled("allocated", formatBytes(row.allocatedBytes)),
      ...write.labelled("refused", row.refused === null ? "?" : counted(row.refused, "time")),
      emptyLine,
      ...write.text("g ungroups; / with user: or cgroup: shows its processes.", 1, "quiet"),
    ],
  };
}

function splitCard(scene: Scene, row: SplitRow, write: CardWriter): Card {
  const { snapshot } = scene;
  const holder = snapshot.secret.holders.find(({ pid }) => pid === row.pid);
  const stacks = [...row.stacks].sort((a, b) => b.count - a.count);
  const process = holder === undefined ? undefined : holderCard(scene, holder, write);
  return {
    name: `splits by ${row.own ? "secretscope itself" : `${row.comm} [${row.pid}]`}`,
    lines: [
      ...write.labelled("cause", row.own ? `${row.cause}, secretscope's own probes` : row.cause),
      ...write.labelled("mapping", row.level?.toUpperCase() ?? "? (this route cannot tell the size)"),
      ...write.labelled("count", `${formatCount(row.count)}, last ${formatAgo(row.last, snapshot.time)}`),
      ...(stacks.length === 0 ? write.labelled("stack", "none: counted by the kernel while the probes attached") : []),
      ...stacks
        .slice(0, mostListed)
        .flatMap(({ count, stack }) => [
          ...write.heading(`Kernel stack, ${counted(count, "split")}, innermost first`),
          ...stack.flatMap((frame) => write.text(frame)),
        ]),
      ...(process === undefined
        ? []
        : [...write.heading(`The process, ${outside(process.name, write.look)}`), ...process.lines]),
      ...(process === undefined && !row.own
        ? [emptyLine, ...write.text("The process holds no secret memory now.", 1, "quiet")]
        : []),
    ],
  };
}
