/** What the kernel turned down during a recording, and to whom. */
import type { RefusalChange } from "../../collector/publish/report/report.ts";
import { indented, labelled, type Screen } from "../text/block.ts";
import { counted, formatCount } from "../text/counts.ts";
import { table } from "../text/table.ts";

const shown = 5;

export function refusalLines({ count, processes, full, list, left }: RefusalChange, screen: Screen): string[] {
  const text =
    count === 0 ? "none was seen" : `${formatCount(count)}, to ${counted(processes, "process", "processes")}`;
  const more = full ? "; more processes were refused than can be kept apart, the oldest are missing" : "";
  const rest = list.length + left.entries - shown;
  return [
    ...labelled("refusals", `${text}${more}`, screen, count > 0 ? "warning" : undefined),
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
