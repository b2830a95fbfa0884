/** Splits in the period and their causes: the ledger at the end less the ledger at the beginning. */
import type { SplitCause, SplitLevel } from "../../events.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { ProcessKey } from "../../ledger/processes.ts";
import { manyProcesses } from "../../ledger/splits.ts";
import { type ByLevel, type CauseShare, mostListed, type SplitChange } from "./report.ts";

/** secretscope's own splits are one entry a cause: which of its lives made them is nobody's question. */
const own = "own";
type Counts = Map<SplitCause, Map<ProcessKey | typeof own, number>>;

/** What there was at one time; made to be subtracted. */
export interface SplitState {
  readonly kernel: ByLevel;
  /** What the kernel's counters stood at when the collector began. */
  readonly origin: ByLevel;
  readonly counts: Counts;
}

export function splitState({ splits, kernel, ownPids }: Ledger): SplitState {
  const counts: Counts = new Map();
  for (const { cause, process, counts: byLevel } of splits.entries) {
    const isOwn = ownPids.has(Number(process.split(":")[0]));
    add(counts, cause, isOwn ? own : process, byLevel["2m"] + byLevel["1g"] + byLevel.unknown);
  }
  // Attaching loads BPF programs, whose pages become read-only: the ledger's view gives it the same cause.
  add(counts, "bpf", own, splits.own["2m"] + splits.own["1g"]);
  const now = kernel?.splits ?? { "2m": null, "1g": null };
  const origin = (level: SplitLevel) => difference(now[level], splits.since(level));
  return { kernel: now, origin: { "2m": origin("2m"), "1g": origin("1g") }, counts };
}

/** @param begin undefined: since the collector began */
export function splitChange(
  begin: SplitState | undefined,
  end: SplitState,
  ledger: Ledger,
): { readonly byLevel: ByLevel; readonly change: SplitChange } {
  // After damage at its very beginning, a trace goes on from a checkpoint that knows more than what was read before it.
  const isSame = begin?.origin["2m"] === end.origin["2m"] && begin?.origin["1g"] === end.origin["1g"];
  const from = begin !== undefined && isSame ? begin : { kernel: end.origin, counts: new Map() as Counts };
  const byLevel = levelChange(from.kernel, end.kernel);
  const kernel = byLevel["2m"] === null && byLevel["1g"] === null ? null : (byLevel["2m"] ?? 0) + (byLevel["1g"] ?? 0);
  const causes = [...end.counts]
    .flatMap(([cause, counts]) => shares(cause, subtracted(counts, from.counts.get(cause)), ledger))
    .sort((a, b) => b.count - a.count);
  const attributed = causes.reduce((sum, { count }) => sum + count, 0);
  return { byLevel, change: { kernel, attributed, unattributed: difference(kernel, attributed), causes } };
}

export const levelChange = (begin: ByLevel, end: ByLevel): ByLevel => ({
  "2m": difference(end["2m"], begin["2m"]),
  "1g": difference(end["1g"], begin["1g"]),
});

function subtracted(end: ReadonlyMap<string, number>, begin: ReadonlyMap<string, number> = new Map()) {
  const grown = new Map<string, number>();
  for (const [process, count] of end) grown.set(process, count - (begin.get(process) ?? 0));
  // Entries that the ledger has folded since are in the one that stands for many.
  for (const [process, count] of begin) {
    if (!end.has(process)) grown.set(manyProcesses, (grown.get(manyProcesses) ?? 0) - count);
  }
  return grown;
}

function shares(cause: SplitCause, grown: ReadonlyMap<string, number>, ledger: Ledger): CauseShare[] {
  const processes = [...grown]
    .filter(([process, count]) => process !== own && count !== 0)
    .map(([process, count]) => ({
      pid: Number(process.split(":")[0]),
      comm: ledger.processes.get(process)?.comm ?? "",
      count,
    }))
    .sort((a, b) => b.count - a.count || a.pid - b.pid);
  const rest = processes.slice(mostListed);
  const byOthers = {
    cause,
    own: false,
    count: total(processes),
    processes: processes.slice(0, mostListed),
    left: { entries: rest.length, count: total(rest) },
  };
  const ours = grown.get(own) ?? 0;
  const byUs = { cause, own: true, count: ours, processes: [], left: { entries: 0, count: 0 } };
  return [...(processes.length > 0 ? [byOthers] : []), ...(ours !== 0 ? [byUs] : [])];
}

const total = (entries: readonly { readonly count: number }[]) => entries.reduce((sum, { count }) => sum + count, 0);

const difference = (end: number | null, begin: number | null) => (end === null || begin === null ? null : end - begin);

function add(counts: Counts, cause: SplitCause, process: string, count: number): void {
  const ofCause = counts.get(cause) ?? new Map<string, number>();
  counts.set(cause, ofCause);
  ofCause.set(process, (ofCause.get(process) ?? 0) + count);
}
