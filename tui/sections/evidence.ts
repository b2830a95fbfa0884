/** How far the figures can be trusted, and what this host cannot show. */
import type { Blind } from "../../collector/events.ts";
import type { Evidence } from "../../collector/snapshot.ts";
import { labelled, type Screen } from "../text/block.ts";
import { counted } from "../text/counts.ts";

export function evidenceLines(evidence: Evidence, screen: Screen): string[] {
  const { text, tone } = evidence.complete
    ? ({ text: `complete (${routes(evidence)})`, tone: "good" } as const)
    : ({ text: `not complete (${routes(evidence)}): ${reasons(evidence).join("; ")}`, tone: "warning" } as const);
  return labelled("evidence", text, screen, tone);
}

/** "tracepoint", or by fact where they differ: "pages tracepoint, splits fentry, oom none". */
function routes({ route }: Evidence): string {
  const used = (["pages", "splits", "oom"] as const).map((fact) => [fact, route[fact] ?? "none"] as const);
  const [first] = used;
  if (first !== undefined && used.every(([, name]) => name === first[1])) return first[1];
  return used.map(([fact, name]) => `${fact} ${name}`).join(", ");
}

function reasons({ why, lost, restarts, gaps }: Evidence): readonly string[] {
  // What a program says of its end is a sentence; here it is one of several reasons.
  if (why.length > 0) return why.map((reason) => reason.replace(/\.$/, ""));
  const found = [
    ...(lost > 0 ? [`${counted(lost, "line")} lost`] : []),
    ...(restarts > 0 ? [`probes were started again ${counted(restarts, "time")}`] : []),
    ...(gaps.length > 0 ? [`nothing was seen in ${counted(gaps.length, "gap")}`] : []),
  ];
  return found.length > 0 ? found : ["the collector does not say why"];
}

/** What is not seen, by name; facts that share a reason share a line, or a missing right would be told eight times. */
export function blindLines(blind: readonly Blind[], screen: Screen): string[] {
  const facts = new Map<string, string[]>();
  for (const { fact, reason, remedy } of blind) {
    const why = `${reason}; ${remedy}`;
    facts.set(why, [...(facts.get(why) ?? []), fact]);
  }
  return [...facts].flatMap(([why, names], index) =>
    labelled(index === 0 ? "not shown" : "", `${names.join("; ")}: ${why}`, screen),
  );
}

/** Where holders may be that nobody could see, a sentence each; empty when all could be seen. */
export function unseenSentences(evidence: Evidence, root: boolean): string[] {
  const { reasons } = evidence;
  return [...hidden(evidence, root), ...reasons.flatMap(({ kind, text }) => (kind === "inFlight" ? [`${text}.`] : []))];
}

function hidden({ hiddenProcesses, unlistedProcesses }: Evidence, root: boolean): string[] {
  if (unlistedProcesses) {
    const remedy = root ? "run it on the host" : "root on the host sees them";
    return [`/proc does not list all processes (hidepid, or a pid namespace): ${remedy}.`];
  }
  if (hiddenProcesses === 0) return [];
  const remedy = root ? "even this root may not (no CAP_SYS_PTRACE, or /proc hides them)" : "root sees them (sudo)";
  return [`${counted(hiddenProcesses, "process", "processes")} could not be looked into: ${remedy}.`];
}
