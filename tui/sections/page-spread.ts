/** Single pages of a recording: over how many 2M blocks of the direct map they were spread, and who took most. */
import type { PageReport } from "../../collector/publish/report/report.ts";
import { indented, labelled, type Screen } from "../text/block.ts";
import { counted, formatCount } from "../text/counts.ts";
import { formatBytes } from "../text/sizes.ts";

const shown = 5;
const blockBytes = 2 ** 21;

/** Empty when the recording was made without --detail page. */
export function pageSpreadLines(report: PageReport | null, screen: Screen): string[] {
  if (report === null) return [];
  const { taken, takenBytes, freed, blocks, full, medianPerBlock, mostPerBlock, processes, files } = report;
  const text = `${formatCount(taken)} taken (${formatBytes(takenBytes)}), ${formatCount(freed)} given back`;
  const head = [...labelled("single pages", text, screen), ...lostLines(report, screen)];
  if (taken === 0) return head;
  const many = full ? "more than " : "";
  const names = processes.slice(0, shown).map(({ pid, comm, pages }) => `${comm} [${pid}] ${formatCount(pages)}`);
  const inodes = files.slice(0, shown).map(({ inode, pages }) => `inode ${inode} ${formatCount(pages)}`);
  return [
    ...head,
    ...indented(
      `From ${many}${counted(blocks, "2M block")}, ${formatBytes(blocks * blockBytes)} of the direct map: ` +
        `${counted(medianPerBlock, "page")} of a block in the middle, ${formatCount(mostPerBlock)} at most.`,
      2,
      screen,
    ),
    ...indented(`Most by process: ${names.join(", ")}.`, 2, screen),
    ...indented(`Most by file: ${inodes.join(", ")}.`, 2, screen),
  ];
}

/** Lines that were lost on the way: the counters know how many. */
function lostLines({ taken, freed, countedTaken, countedFreed }: PageReport, screen: Screen): string[] {
  const lost = Math.max(0, (countedTaken ?? 0) - taken) + Math.max(0, (countedFreed ?? 0) - freed);
  if (lost === 0) return [];
  const all = `${formatCount(countedTaken)} taken and ${formatCount(countedFreed)} given back`;
  return indented(`The counters say ${all}: ${counted(lost, "page")} came too fast to be told.`, 2, screen, "warning");
}
