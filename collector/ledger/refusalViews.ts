/** Refusals as the snapshot shows them: of one holder, and of everybody who was turned down. */
import { mostRefusedProcesses, type RefusalView, type RefusedProcessView } from "../snapshot.ts";
import type { MonotonicNs } from "../units.ts";
import type { Ledger } from "./ledger.ts";
import type { ProcessKey } from "./processes.ts";

const nameOf = ({ key, what, code }: { key: string; what: string; code: string }) => `${key} ${what} ${code}`;
const compare = (a: string, b: string) => (a < b ? -1 : 1);

export const refusalViews = ({ refusals }: Ledger, process: ProcessKey): RefusalView[] =>
  refusals.of(process).map(({ what, code, count }) => ({ what, code, count }));

export function refusedProcessViews(
  { refusals, processes }: Ledger,
  timeOf: (at: MonotonicNs) => string,
): RefusedProcessView[] {
  const all = [...refusals.processes].flatMap((key) => refusals.of(key).map((refusal) => ({ key, ...refusal })));
  // The order of equals must not depend on who was met first: a checkpoint meets them in another order.
  all.sort((a, b) => (a.last === b.last ? compare(nameOf(a), nameOf(b)) : a.last > b.last ? -1 : 1));
  return all.slice(0, mostRefusedProcesses).map(({ key, what, code, count, last }) => {
    const [pid = 0, startTicks = 0] = key.split(":").map(Number);
    const known = processes.get(key);
    return {
      pid,
      startTicks,
      comm: known?.comm ?? "",
      uid: known?.uid ?? null,
      what,
      code,
      count,
      last: timeOf(last),
    };
  });
}
