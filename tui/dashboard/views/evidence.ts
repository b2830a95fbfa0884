/** Why the figures can be trusted, or how far not. */
import type { EvidenceWord, Snapshot } from "../../../collector/snapshot.ts";
import { counted, formatCount } from "../../text/counts.ts";
import { formatDuration } from "../../text/durations.ts";
import { formatBytes } from "../../text/sizes.ts";
import { fit } from "../../text/width.ts";
import type { Look } from "../look.ts";
import { clock } from "./figures.ts";
import { emptyLine, type Line, line, outside, paragraph, span } from "./line.ts";
import { balance } from "./splits.ts";

const meaning: Record<EvidenceWord, string> = {
  complete: "every figure is exact, as far as its route can tell",
  late: "figures are older than they should be",
  lossy: "something did not arrive; totals heal, names and times of single events may be missing",
  partial: "something cannot be seen here; what is shown is true",
};

const labelColumns = 16;

export function evidenceLines(snapshot: Snapshot, word: EvidenceWord, columns: number, look: Look): Line[] {
  const { evidence, self } = snapshot;
  const labelled = (label: string, text: string) =>
    paragraph(outside(text, look), columns - labelColumns, 0).map((each, index) =>
      line(" ", span(fit(index === 0 ? label : "", labelColumns), "quiet"), ...each.spans),
    );
  const bullets = (texts: readonly string[]) =>
    texts.flatMap((text) => paragraph(`- ${outside(text, look)}`, columns, 2));
  const routes = Object.entries(evidence.route).map(([fact, route]) => `${fact} ${route ?? "not seen"}`);
  return [
    ...paragraph(`${word}: ${meaning[word]}.`, columns, 1, "strong"),
    ...bullets(evidence.reasons.map(({ text }) => text)),
    emptyLine,
    ...labelled("routes", routes.join(", ")),
    ...labelled("splits", balance(snapshot)),
    ...labelled(
      "lost",
      `${counted(evidence.lost, "printed line")}, ${counted(evidence.restarts, "restart")} of the probes`,
    ),
    ...labelled("gaps", evidence.gaps.length === 0 ? "none" : counted(evidence.gaps.length, "gap")),
    ...bullets(evidence.gaps.slice(-5).map(({ from, to, reason }) => `${clock(from)} to ${clock(to)}: ${reason}`)),
    ...labelled("/proc, probes", difference(evidence.differencePages)),
    ...labelled(
      "holders read",
      evidence.scanAgeMs === null ? "not yet" : `${formatDuration(evidence.scanAgeMs)} before this snapshot`,
    ),
    ...labelled("not looked into", counted(evidence.hiddenProcesses, "process", "processes")),
    ...labelled(
      "secretscope",
      `${self.cpuSeconds.toFixed(1)} s of CPU, ${formatBytes(self.rssBytes)} with bpftrace${self.probeNsPerEvent === null ? "" : `, ${formatCount(self.probeNsPerEvent)} ns a probe`}`,
    ),
    emptyLine,
    line(
      span(evidence.blind.length === 0 ? " Nothing that this host cannot show." : " Cannot be shown here", "accent"),
    ),
    ...evidence.blind.flatMap(({ fact, reason, remedy }) => [
      ...paragraph(`- ${outside(fact, look)}: ${outside(reason, look)}`, columns, 2),
      ...paragraph(`next: ${outside(remedy, look)}`, columns, 4, "quiet"),
    ]),
  ];
}

const difference = (pages: number | null) =>
  pages === null ? "not compared yet" : pages === 0 ? "no difference" : `differ by ${counted(pages, "page")}`;
