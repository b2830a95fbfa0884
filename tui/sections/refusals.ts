/** What the kernel turned down, and to whom: since start, and during a recording. */
import type { RefusalChange } from "../../collector/publish/report/report.ts";
import type { HostView, RefusalView, Snapshot } from "../../collector/snapshot.ts";
import { indented, labelled, type Screen } from "../text/block.ts";
import { counted, formatCount } from "../text/counts.ts";
import { refusalText, refusalTexts } from "../text/refusals.ts";
import { table } from "../text/table.ts";
import { formatTime } from "../text/times.ts";

const shown = 5;

/** Kinds of refusals that are named. */
const shownKinds = 4;

/** All since start, and the latest of those who hold nothing: no row of a holder tells of them. */
export function refusedLines({ secret, host }: Snapshot, screen: Screen): string[] {
  if (secret.refusals.length === 0) return [];
  const holders = new Set(secret.holders.map(({ pid, startTicks }) => `${pid}:${startTicks}`));
  const others = secret.refusedProcesses.filter(({ pid, startTicks }) => !holders.has(`${pid}:${startTicks}`));
  const rest = others.length - shown;
  return [
    ...labelled("refused", `since start: ${kindsText(secret.refusals, host.accounting)}`, screen, "warning"),
    ...others
      .slice(0, shown)
      .flatMap((each) =>
        indented(
          `${each.comm} [${each.pid}] holds nothing: ${refusalText(each, host.accounting)}, last at ${formatTime(each.last)}`,
          2,
          screen,
        ),
      ),
    ...(rest > 0 ? indented(`and ${formatCount(rest)} more: --json`, 2, screen, "quiet") : []),
  ];
}

function kindsText(kinds: readonly RefusalView[], accounting: HostView["accounting"]): string {
  const rest = kinds.slice(shownKinds).reduce((sum, { count }) => sum + count, 0);
  const text = refusalTexts(kinds.slice(0, shownKinds), accounting);
  return rest > 0 ? `${text}, ${formatCount(rest)} x other` : text;
}

export function refusalLines(
  { count, kinds, processes, full, list, left }: RefusalChange,
  { accounting }: HostView,
  screen: Screen,
): string[] {
  const text =
    count === 0 ? "none was seen" : `${formatCount(count)}, to ${counted(processes, "process", "processes")}`;
  const more = full ? "; more processes were refused than can be kept apart, some are counted without a name" : "";
  const rest = list.length + left.entries - shown;
  return [
    ...labelled("refusals", `${text}${more}`, screen, count > 0 ? "warning" : undefined),
    ...(count === 0 ? [] : indented(`${kindsText(kinds, accounting)}.`, 2, screen)),
    ...(list.length === 0
      ? []
      : table(
          [
            { heading: "COUNT", align: "right" },
            { heading: "WHAT" },
            { heading: "ANSWER" },
            { heading: "PROCESS", shrinkTo: 12 },
          ],
          list.slice(0, shown).map((refusal) => ({
            cells: [formatCount(refusal.count), refusal.what, refusal.code, `${refusal.comm} [${refusal.pid}]`],
          })),
          screen,
        )),
    ...(rest > 0 ? indented(`and ${formatCount(rest)} more`, 2, screen, "quiet") : []),
  ];
}
