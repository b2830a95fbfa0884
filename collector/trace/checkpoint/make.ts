/** The recipe: each part in the order in which the ledger needs it. Why the order matters is said at each part. */
import type { Event, KernelSample, LostEvent, PlanEvent } from "../../events.ts";
import { Ledger } from "../../ledger/ledger.ts";
import { bytes, monotonicNs } from "../../units.ts";
import {
  beforeForgotten,
  beforeGap,
  fileEvents,
  isFromBefore,
  isReopened,
  letGo,
  pagesBefore,
  pastEvents,
  reopened,
} from "./files.ts";
import { knownKill, unknownKills } from "./kills.ts";
import type { CheckpointMemory } from "./memory.ts";
import { created, Scaffolds, sized } from "./parts.ts";
import { concernedProcesses, refusalEvents, uncertainRefusals } from "./refusals.ts";
import { splitEvents } from "./splits.ts";

/**
 * @returns undefined when there is none: before the first reading and the first look, and in rare moments (kills between
 *   a restart of the probes and the first measure after it) whose state no list of events has been found for
 */
export function makeCheckpoint(memory: CheckpointMemory): readonly Event[] | undefined {
  const recipe = recipeOf(memory);
  if (recipe === undefined) return undefined;
  // A wrong figure is worse than a long way to a right one: what does not say the same is not used.
  const ledger = new Ledger();
  for (const event of recipe) ledger.apply(event);
  const isSame = JSON.stringify(ledger.snapshot()) === JSON.stringify(memory.ledger.snapshot());
  return isSame ? [...recipe, ...memory.tail] : undefined;
}

function recipeOf(memory: CheckpointMemory): readonly Event[] | undefined {
  const { ledger, firstKernel, lastTick } = memory;
  const { kernel, host, clock, self } = ledger;
  const { scan } = ledger.holdings;
  if (!firstKernel || !lastTick || !kernel || !host || !clock || !scan) return undefined;
  const holdings = [...ledger.holdings.byProcess.values()].flatMap((files) => [...files.values()]);
  return [
    // First, since kernel figures are made up for it: no file is there yet that they could speak of.
    ...splitEvents(memory, firstKernel, lastTick),
    ...sums(memory, firstKernel),
    ...processes(memory),
    ...concernedProcesses(memory),
    ...refusalEvents(memory),
    ...requestEvents(memory),
    ...livesAndFiles(memory, lastTick),
    host,
    clock,
    ...(self === undefined ? [] : [self]),
    ...uncertainRefusals(memory),
    ...(ledger.plan === undefined ? [] : [ledger.plan]),
    kernel,
    ...(ledger.attached || memory.lastProbes === undefined ? [] : [memory.lastProbes]),
    ...[...ledger.files.all].flatMap((file) => (ledger.holdings.holdersOf(file.inode).size === 0 ? letGo(file) : [])),
    // Last, since an exit ends holdings and a look decides which files nobody holds.
    ...holdings,
    scan,
    lastTick,
  ];
}

function sums({ ledger }: CheckpointMemory, { at }: KernelSample): Event[] {
  const { own } = ledger.splits;
  const lost: readonly (readonly [LostEvent["what"], number])[] = [
    ["lines", ledger.lostLines],
    ["keys", ledger.lostKeys],
    ["unreadable", ledger.unreadable],
  ];
  return [
    ...lost.flatMap(([what, count]): Event[] => (count > 0 ? [{ kind: "lost", at, what, count }] : [])),
    ...(own["2m"] !== 0 || own["1g"] !== 0
      ? [{ kind: "ownSplits", at, epoch: ledger.epoch, splits: { ...own } } as const]
      : []),
    ...ledger.gaps,
  ];
}

function processes({ ledger, processes: keys }: CheckpointMemory): Event[] {
  const known = [...keys].flatMap((key) => ledger.processes.get(key) ?? []);
  const at = monotonicNs(0n);
  return [
    ...known.flatMap(({ pid, started, comm, uid, cgroup, cgroupBefore }): Event[] =>
      // That it was moved is told by where it was.
      (cgroupBefore === null ? [cgroup] : [cgroupBefore, cgroup]).map((each) => ({
        kind: "process",
        at,
        pid,
        started,
        comm,
        uid,
        cgroup: each,
      })),
    ),
    ...known.flatMap(({ pid, started, ended }): Event[] =>
      ended === null ? [] : [{ kind: "exit", at: ended, pid, started }],
    ),
  ];
}

function requestEvents({ requests }: CheckpointMemory): Event[] {
  return [...requests.values()].flatMap(({ sample, count, timed, totalNs }): Event[] => {
    const { epoch } = sample;
    const before = count.total - count.within(epoch);
    const timedBefore = timed.total - timed.within(epoch);
    const nsBefore = totalNs.total - totalNs.within(epoch);
    const earlier = { ...sample, epoch: 0 };
    return [
      ...(timedBefore > 0 ? [{ ...earlier, count: timedBefore, totalNs: nsBefore }] : []),
      ...(before > 0 ? [{ ...earlier, count: before, totalNs: null }] : []),
      ...(timed.within(epoch) > 0 ? [{ ...sample, count: timed.within(epoch), totalNs: totalNs.within(epoch) }] : []),
      { ...sample, count: count.within(epoch), totalNs: null },
    ];
  });
}

/** Starts of the probes in order, with the kills of each epoch; before the last, the files that were there before it. */
function livesAndFiles(memory: CheckpointMemory, tick: Event): Event[] {
  const { ledger, lives, counting } = memory;
  const files = [...ledger.files.all].flatMap((file) => {
    const counters = memory.files.get(file.inode);
    return counters === undefined ? [] : [{ file, counters }];
  });
  const again = files.filter(({ file }) => isReopened(file, counting));
  const before = files.filter(({ file }) => isFromBefore(file, counting));
  const scaffolds = new Scaffolds();
  const events: Event[] = [];
  let plan: PlanEvent | undefined;
  let counted = 0;
  let others = 0;
  let after: readonly Event[] = [];
  for (const life of lives) {
    if (life.plan !== undefined && life.plan !== plan) events.push(life.plan);
    plan = life.plan;
    const counts = life.plan?.routes.pages !== undefined;
    if (counts && life.attached.epoch === counting && before.length > 0) {
      events.push(...before.flatMap(({ file, counters }) => beforeGap(file, counters, counted)), tick);
      others = before.reduce((sum, { file }) => sum + Math.max(0, pagesBefore(file)), 0);
    }
    events.push(life.attached, ...after);
    if (counts) counted = life.attached.epoch;
    const isNow = life.attached.epoch === ledger.epoch;
    const kills = ledger.oom.recent.filter((kill) => kill.event.epoch === life.attached.epoch);
    const toldLater = (kill: number) => (isNow ? toldBy(memory, life.attached.epoch, kill) : 0);
    const options = { counted, others, tick, scaffolds, toldLater };
    events.push(...kills.flatMap((kill) => (kill.residentPages === null ? [] : knownKill(kill, options))));
    const unknown = unknownKills(
      kills.filter(({ residentPages }) => residentPages === null),
      options,
    );
    events.push(...unknown.events);
    // In the present epoch it stays unknown until it goes with the other scaffolds: a figure would be one for the kill.
    after = isNow ? [] : unknown.after;
  }
  const past = [...memory.past.values()].filter(({ epoch }) => counting > 0 && epoch === counting);
  events.push(
    ...after,
    ...past.flatMap((counters) => pastEvents(counters, counting)),
    ...again.flatMap(({ file, counters }) => beforeForgotten(file, counters, counting)),
    ...files
      .filter(({ file }) => !isReopened(file, counting))
      .flatMap(({ file, counters }) => fileEvents(file, counters, counting)),
    tick,
  );
  const { differencePages } = ledger.files;
  if (differencePages !== null) {
    const file = scaffolds.next();
    events.push(created(file), sized(file, differencePages), tick, sized(file, 0), tick);
  }
  // Scaffolds and past files go at the last tick, like whatever nobody holds; where one of them comes again, before.
  if (again.length === 0) return events;
  const at = monotonicNs(0n);
  const nothing = bytes(0);
  events.push(
    ...(memory.firstKernel === undefined ? [] : [{ ...memory.firstKernel, unevictableBytes: nothing }]),
    { kind: "scan", at, began: at, processes: 0, hidden: 0, partial: false },
    tick,
    ...again.flatMap(({ file, counters }) => reopened(file, counters, counting)),
  );
  return events;
}

/** Pages that the counters in this recipe say that a kill freed. */
function toldBy({ files, past, counting }: CheckpointMemory, epoch: number, kill: number): number {
  if (epoch !== counting) return 0;
  const all = [...files.values(), ...[...past.values()].filter((file) => file.epoch === counting)];
  return all.reduce((sum, { freed }) => sum + (freed.get(kill)?.within(epoch) ?? 0), 0);
}
