/** All that is known about one row, on one card; the same lines are what `c` copies. */
import type { Snapshot } from "../../../collector/snapshot.ts";
import { counted, formatCount } from "../../text/counts.ts";
import { formatBytes } from "../../text/sizes.ts";
import { formatAgo, formatTime } from "../../text/times.ts";
import type { Look } from "../look.ts";
import { holderKey } from "../model/holderIndex.ts";
import { type HolderRow, unheldKey } from "../model/holderRows.ts";
import { oomKey } from "../model/log.ts";
import type { Scene } from "../model/scene.ts";
import type { SplitRow } from "../model/splitRows.ts";
import type { PanelName } from "../state.ts";
import { type Card, CardWriter, mostListed } from "./cardWriter.ts";
import { killCardLines } from "./killCard.ts";
import { emptyLine, outside } from "./line.ts";
import { holderCard, processCard } from "./processCard.ts";

export interface CardRows {
  readonly holders: readonly HolderRow[];
  readonly splits: readonly SplitRow[];
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
      const lines = [...write.labelled("time", formatTime(entry.time)), ...write.labelled(entry.what, entry.text)];
      const more = entry.pid === null ? undefined : processCard(scene, entry.pid, write);
      return more === undefined
        ? { name: "event", lines }
        : { name: more.name, lines: [...lines, emptyLine, ...more.lines] };
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
  const stacks = [...row.stacks].sort((a, b) => b.count - a.count);
  const process = row.own ? undefined : processCard(scene, row.pid, write);
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
