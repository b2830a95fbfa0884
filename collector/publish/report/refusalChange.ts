/** What the kernel turned down in the period: the ledger at the end less the ledger at the beginning. */
import type { Ledger } from "../../ledger/ledger.ts";
import { mostProcesses } from "../../ledger/refusals.ts";
import { mostListed, type Refusal, type RefusalChange } from "./report.ts";

export type RefusalState = ReadonlyMap<string, number>;

const name = (process: string, what: string, code: string) => `${process} ${what} ${code}`;

export function refusalState({ refusals }: Ledger): RefusalState {
  const state = new Map<string, number>();
  for (const process of refusals.processes) {
    for (const { what, code, count } of refusals.of(process)) state.set(name(process, what, code), count);
  }
  return state;
}

/** @param ledger at the end */
export function refusalChange(begin: RefusalState, { refusals, processes }: Ledger): RefusalChange {
  const all: Refusal[] = [];
  const refused = new Set<string>();
  let kept = 0;
  for (const process of refusals.processes) {
    kept++;
    for (const { what, code, count } of refusals.of(process)) {
      const grown = count - (begin.get(name(process, what, code)) ?? 0);
      if (grown <= 0) continue;
      refused.add(process);
      const known = processes.get(process);
      const pid = Number(process.split(":")[0]);
      all.push({ pid, comm: known?.comm ?? "", uid: known?.uid ?? null, what, code, count: grown });
    }
  }
  all.sort((a, b) => b.count - a.count || a.pid - b.pid);
  const rest = all.slice(mostListed);
  return {
    count: total(all),
    processes: refused.size,
    full: kept >= mostProcesses,
    list: all.slice(0, mostListed),
    left: { entries: rest.length, count: total(rest) },
  };
}

const total = (refused: readonly Refusal[]) => refused.reduce((sum, { count }) => sum + count, 0);
