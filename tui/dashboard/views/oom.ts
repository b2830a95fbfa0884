/** OOM kills, newest first: who, set off by whom, at which limit, and what it did for secret memory. */
import type { OomKillView, Snapshot } from "../../../collector/snapshot.ts";
import { counted, formatCount } from "../../text/counts.ts";
import { formatBytes } from "../../text/sizes.ts";
import type { Look } from "../look.ts";
import { placeOf } from "../model/holderRows.ts";
import { oomKey } from "../model/log.ts";
import type { State } from "../state.ts";
import { type Column, headLine, place, rowLine } from "./columns.ts";
import { clock } from "./figures.ts";
import { visible } from "./holders.ts";
import { type Line, outside, paragraph, type Span, span, title } from "./line.ts";
import type { ListOptions } from "./splits.ts";

export const killsOf = ({ oom }: Snapshot): readonly OomKillView[] => [...oom.recent].reverse();

function killColumns(look: Look): readonly Column<OomKillView>[] {
  const right = { align: "right" } as const;
  const who = ({ comm, pid }: { comm: string; pid: number }) => `${outside(comm, look) || "?"} [${pid}]`;
  return [
    { name: "time", heading: "TIME", width: 8, rank: 0, cell: ({ time }) => clock(time) },
    {
      name: "victim",
      heading: "VICTIM",
      width: 17,
      most: 26,
      rank: 0,
      cell: ({ victim }) => span(who(victim), "strong"),
    },
    { name: "trigger", heading: "SET OFF BY", width: 14, most: 26, rank: 4, cell: ({ trigger }) => who(trigger) },
    { name: "limit", heading: "LIMIT HIT", width: 13, most: 40, rank: 3, cell: (kill) => limitHit(kill, look) },
    {
      name: "then",
      heading: "SECRET",
      ...right,
      width: 8,
      rank: 2,
      cell: (kill) => formatBytes(kill.secretResidentBytes),
    },
    { name: "freed", heading: "FREED", ...right, width: 12, rank: 1, cell: freed },
  ];
}

export function limitHit({ constraint, cgroup }: OomKillView, look: Look): string {
  if (constraint === "none") return "whole machine";
  if (constraint === null) return "?";
  return cgroup === null ? constraint : outside(placeOf(cgroup) ?? "?", look);
}

/** A kill that gave back nothing of the secret memory there was is futile, as far as secret memory goes. */
function freed({ secretFreedBytes, secretResidentBytes }: OomKillView): string | Span {
  if (secretFreedBytes === 0 && (secretResidentBytes ?? 0) > 0) return span("0 B, futile", "bad");
  return formatBytes(secretFreedBytes);
}

export function oomLines(snapshot: Snapshot, state: State, options: ListOptions): Line[] {
  const { columns, focused, look } = options;
  const { oom, evidence } = snapshot;
  const kills = killsOf(snapshot);
  const summary =
    oom.kills === null
      ? "not counted by this kernel"
      : `${counted(kills.length, "kill")} seen, ${formatCount(oom.kills)} since boot`;
  const head = title({ number: 4, name: "OOM", summary, focused, columns }, look);
  if (kills.length === 0) {
    const seen = evidence.route.oom !== null && evidence.route.oom !== "procfs";
    const text = seen
      ? "No OOM kill since start."
      : "Only counted here: who was killed and why needs the probes (e tells why).";
    return [head, ...paragraph(text, columns, 1, "quiet")].slice(0, options.rows);
  }
  const placed = place(killColumns(look), columns);
  const list = state.lists.oom;
  // With one line to spare a kill says more than the heads of its columns.
  const heads = options.rows >= 3 ? [headLine(placed, undefined, look.glyphs)] : [];
  return [
    head,
    ...heads,
    ...visible(kills, list, options.rows - 1 - heads.length).map((kill) =>
      rowLine(placed, kill, oomKey(kill), focused && list.selected === oomKey(kill)),
    ),
  ].slice(0, options.rows);
}
