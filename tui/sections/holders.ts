/** Who holds secret memory: how much there is, and one row for each holder. */
import { type LimitUse, limitUse, nearness } from "../../collector/memlock.ts";
import type { HolderView, HostView, SecretView, Snapshot } from "../../collector/snapshot.ts";
import { indented, labelled, type Screen } from "../text/block.ts";
import { cgroupName } from "../text/cgroup-name.ts";
import { counted, formatCount, formatShare } from "../text/counts.ts";
import { refusalTexts } from "../text/refusals.ts";
import { formatBytes, formatLimit } from "../text/sizes.ts";
import { type Row, table } from "../text/table.ts";
import { type UserName, userNames } from "../text/user-name.ts";

/** From this width on the cgroup has a column of its own; below, a line under each row. */
const wideScreen = 120;

export function secretMemoryLines(secret: SecretView, screen: Screen): string[] {
  const { unheldBytes, holders, files } = secret;
  const parts = [
    size(secret),
    counted(files.length, "file"),
    counted(holders.length, "holder"),
    ...(unheldBytes ? [`${formatBytes(unheldBytes)} held by no process`] : []),
  ];
  return labelled("secret memory", parts.join(", "), screen);
}

/** Without counters, or with processes nobody may look into, there may be more than what was found. */
function size({ residentBytes, files, holders }: SecretView): string {
  if (residentBytes !== null) return `${formatBytes(residentBytes)} resident`;
  const measured = files.reduce((sum, file) => sum + (file.residentBytes ?? 0), 0);
  // A file without a figure may still be mapped by somebody whose pages are known.
  const found = Math.max(measured, ...holders.map((holder) => holder.residentBytes ?? 0));
  return found === 0 ? "size not known" : `at least ${formatBytes(found)} resident`;
}

/**
 * @param snapshot all holders: what counts against a user's limit is the sum over the user's processes
 * @param holders the ones to print, the largest `limit` of them
 */
export function holderLines(
  snapshot: Snapshot,
  holders: readonly HolderView[],
  limit: number,
  screen: Screen,
): string[] {
  if (holders.length === 0) return [];
  const wide = screen.columns >= wideScreen;
  const { host } = snapshot;
  const surroundings = {
    useOf: limitUse(snapshot),
    userName: userNames(host),
    accounting: host.accounting,
    wide,
    screen,
  };
  const bySize = [...holders].sort((a, b) => (b.residentBytes ?? -1) - (a.residentBytes ?? -1) || a.pid - b.pid);
  const lines = table(
    [
      { heading: "PID", align: "right" },
      { heading: "USER", shrinkTo: 5 },
      { heading: "COMMAND", shrinkTo: 7 },
      { heading: "HOLDS" },
      { heading: "RESIDENT", align: "right" },
      { heading: "ITS SHARE", align: "right" },
      { heading: "LIMIT", align: "right" },
      { heading: "USED", align: "right" },
      ...(wide ? [{ heading: "IN", shrinkTo: 10 }] : []),
    ],
    bySize.slice(0, limit).map((holder) => row(holder, surroundings)),
    screen,
  );
  const rest = holders.length - limit;
  return rest > 0
    ? [...lines, ...indented(`and ${formatCount(rest)} more: secretscope who`, 2, screen, "quiet")]
    : lines;
}

interface Surroundings {
  readonly useOf: (holder: HolderView) => LimitUse;
  readonly userName: UserName;
  readonly accounting: HostView["accounting"];
  readonly wide: boolean;
  readonly screen: Screen;
}

function row(holder: HolderView, { useOf, userName, accounting, wide, screen }: Surroundings): Row {
  const used = useOf(holder);
  const share = used === "exempt" ? "exempt" : formatShare(used, holder.memlockLimitBytes);
  const close = (nearness(used, holder.memlockLimitBytes) ?? 0) >= 0.8;
  const place = cgroupName(holder.cgroup);
  const below = [
    ...(wide || holder.cgroup === null ? [] : [`in ${place}`]),
    ...(holder.refused > 0 ? [`refused since start: ${refusalTexts(holder.refusals, accounting)}`] : []),
  ];
  return {
    cells: [
      String(holder.pid),
      userName(holder.uid),
      holder.comm,
      holds(holder),
      formatBytes(holder.residentBytes),
      formatBytes(holder.proportionalBytes),
      formatLimit(holder.memlockLimitBytes),
      close ? { text: share, tone: "warning" } : share,
      ...(wide ? [place] : []),
    ],
    below: below.length === 0 ? [] : indented(below.join("; "), 9, screen, "quiet"),
  };
}

function holds({ descriptors, mappings }: HolderView): string {
  if (descriptors > 0 && mappings > 0) return "both";
  if (descriptors > 0) return "open";
  // Neither: the ledger knows it by its refusals or by pages that others keep alive.
  return mappings > 0 ? "mapped" : "-";
}
