/** What the kernel turned down in the period: the ledger at the end less the ledger at the beginning. */
import type { Ledger } from "../../ledger/ledger.ts";
import type { RefusalTotal } from "../../ledger/refusals.ts";
import { mostListed, type Refusal, type RefusalChange } from "./report.ts";

export interface RefusalState {
  readonly totals: ReadonlyMap<string, number>;
  readonly byProcess: ReadonlyMap<string, number>;
}

const name = (what: string, code: string, process = "") => `${process} ${what} ${code}`;

export function refusalState({ refusals }: Ledger): RefusalState {
  const byProcess = new Map<string, number>();
  for (const process of refusals.processes) {
    for (const { what, code, count } of refusals.of(process)) byProcess.set(name(what, code, process), count);
  }
  const totals = new Map(refusals.totals.map(({ what, code, count }) => [name(what, code), count]));
  return { totals, byProcess };
}

/** @param ledger at the end */
export function refusalChange(begin: RefusalState | undefined, { refusals, processes }: Ledger): RefusalChange {
  const all: Refusal[] = [];
  const refused = new Set<string>();
  for (const process of refusals.processes) {
    for (const { what, code, count } of refusals.of(process)) {
      const grown = count - (begin?.byProcess.get(name(what, code, process)) ?? 0);
      if (grown <= 0) continue;
      refused.add(process);
      const known = processes.get(process);
      const pid = Number(process.split(":")[0]);
      all.push({ pid, comm: known?.comm ?? "", uid: known?.uid ?? null, what, code, count: grown });
    }
  }
  all.sort((a, b) => b.count - a.count || a.pid - b.pid);
  const kinds = refusals.totals
    .map((kind) => ({ ...kind, count: kind.count - (begin?.totals.get(name(kind.what, kind.code)) ?? 0) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
  const count = total(kinds);
  const listed = all.slice(0, mostListed);
  return {
    count,
    kinds,
    processes: refused.size,
    full: count > total(all),
    list: listed,
    left: { entries: all.length - listed.length, count: count - total(listed) },
  };
}

const total = (refused: readonly RefusalTotal[]) => refused.reduce((sum, { count }) => sum + count, 0);
