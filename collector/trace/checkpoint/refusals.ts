/** Refusals: the counts of each process, those of processes no longer kept apart, and those that do not count (yet). */
import type { Event, PlanEvent, RefusedSample } from "../../events.ts";
import { type ProcessKey, processKey } from "../../ledger/processes.ts";
import type { Refusal } from "../../ledger/refusals.ts";
import { type CheckpointMemory, refusalName } from "./memory.ts";
import { beforeAll, idOf, nobody } from "./parts.ts";

/** Who has to do with secret memory, as far as no holding and no file will say so: refused nothing, but asked. */
export function concernedProcesses({ ledger }: CheckpointMemory): Event[] {
  const told = new Set(ledger.holdings.byProcess.keys());
  for (const file of ledger.files.all) {
    for (const [key] of file.allocators) told.add(key);
    if (file.creator !== null) told.add(processKey(file.creator));
  }
  return [...ledger.refusals.concerned].flatMap((key): Event[] =>
    told.has(key)
      ? []
      : [{ kind: "refused", at: beforeAll, ...idOf(key), epoch: 0, what: "create", code: "", count: 0 }],
  );
}

/** Before there is a plan: then all of them are about secret memory. */
export function refusalEvents(memory: CheckpointMemory): Event[] {
  const { refusals } = memory.ledger;
  return [
    ...refusals.forgotten.map(
      ({ what, code, count, last: at }): RefusedSample => ({
        kind: "refused",
        at,
        ...nobody,
        epoch: 0,
        what,
        code,
        count,
      }),
    ),
    ...[...refusals.processes].flatMap((key) => refusals.of(key).flatMap((refusal) => samples(memory, key, refusal))),
  ];
}

/** Under a plan by which a fault may be one on any memory; the present plan follows. */
export function uncertainRefusals(memory: CheckpointMemory): Event[] {
  const { plan, refusals, now } = memory.ledger;
  const uncertain = refusals.uncertain.flatMap(({ process, refusals: all }) =>
    all.flatMap((refusal) => samples(memory, process, refusal)),
  );
  if (uncertain.length === 0) return [];
  const anyMemory: PlanEvent = {
    kind: "plan",
    at: now,
    blind: [],
    intervalMs: 0,
    ...plan,
    routes: { faults: "tracepoint" },
  };
  return [anyMemory, ...uncertain];
}

/** What earlier epochs counted, then what its last one has. */
function samples({ refusals }: CheckpointMemory, key: ProcessKey, { what, code, count, last: at }: Refusal): Event[] {
  const last = refusals.get(refusalName(key, what, code)) ?? { epoch: 0, count };
  const sample: RefusedSample = { kind: "refused", at, ...idOf(key), what, code, ...last };
  const before = count - last.count;
  return [...(before > 0 ? [{ ...sample, epoch: 0, count: before }] : []), sample];
}
