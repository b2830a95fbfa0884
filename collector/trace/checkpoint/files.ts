/** Secret files: who made them, what their counters say, and which figure their pages started from. */
import type { Event } from "../../events.ts";
import type { EpochCounter } from "../../ledger/counters.ts";
import type { SecretFile } from "../../ledger/files.ts";
import { bytes, type Inode, type MonotonicNs } from "../../units.ts";
import { type FileCounters, openFile } from "./memory.ts";
import { allocated, beforeAll, created, freed, idOf, nobody, sized } from "./parts.ts";

/** Shown as it was before the last start of the probes, since nobody could measure it after. */
export const isFromBefore = (file: SecretFile, counting: number) =>
  counting > 0 && !file.verified && file.resident !== null;

export const pagesBefore = (file: SecretFile) => (file.resident ?? 0) - file.moved;

/**
 * Comes before the last start of the probes, and is followed by a tick: then the figure is the one before the gap.
 * @param counted epoch in which pages are counted until then, 0: they are only measured
 */
export function beforeGap(file: SecretFile, counters: FileCounters, counted: number): Event[] {
  const { inode, since, creator } = file;
  const pages = pagesBefore(file);
  const opened = opening(file, counters, 0, creator !== null);
  // Counted, where the ledger knows what it began with: a measure would be compared, and the difference be shown.
  return [
    ...opened,
    counted > 0 && creator !== null ? allocated(inode, counted, nobody, pages, since) : sized(inode, pages, since),
  ];
}

/**
 * Comes after the last start of the probes, and is followed by a tick.
 * @param epoch in which pages are counted, 0: they are only measured
 */
export function fileEvents(file: SecretFile, counters: FileCounters, epoch: number): Event[] {
  const { inode, since: at, resident, moved, verified } = file;
  const opened = isFromBefore(file, epoch) ? [] : opening(file, counters, epoch);
  if (epoch === 0) return [...opened, ...(resident === null ? [] : [sized(inode, resident, at)])];
  const start = (resident ?? 0) - moved;
  return [
    ...opened,
    ...counterEvents(inode, counters, epoch, at, file),
    ...(verified && !beganEmpty(file) ? [sized(inode, start + moved, at)] : []),
  ];
}

/**
 * A file that went, with counters that may go on. Followed by a tick, and by a look that does not find it while the
 * kernel has no unevictable pages: what was never measured goes only then.
 */
export function pastEvents(counters: FileCounters, epoch: number): Event[] {
  const { inode, verified, moved } = counters.file;
  const events = counterEvents(inode, counters, epoch, beforeAll);
  if (!verified) return moved > 0 ? [] : [openFile(inode, beforeAll), ...events];
  return moved === 0 ? [created(inode), ...events] : [openFile(inode, beforeAll), ...events, sized(inode, 0)];
}

/** Forgotten while it was empty and nobody held it, and then seen again: it goes on with the counters that it had. */
export const isReopened = (file: SecretFile, counting: number) =>
  counting > 0 && file.creator === null && file.verified && file.resident === file.moved;

/** As it was when it was forgotten. Followed by what makes past files go. */
export function beforeForgotten({ inode }: SecretFile, counters: FileCounters, epoch: number): Event[] {
  const gone = [...counters.freed].flatMap(([kill, counter]) =>
    totals(counter, epoch).map(([of, count]) => freed(inode, of, kill, count)),
  );
  return [created(inode), ...earlierEvents(inode, counters, epoch), ...gone];
}

/** As it was seen again. */
export const reopened = ({ inode, since }: SecretFile, counters: FileCounters, epoch: number): Event[] => [
  openFile(inode, since),
  ...counterEvents(inode, counters, epoch, since),
];

/** It, or what had its inode number before it, was made under the probes' eyes: the ledger knows without a measure. */
const beganEmpty = (file: SecretFile) => file.creator !== null && file.verified && file.resident === file.moved;

function opening(file: SecretFile, counters: FileCounters, epoch: number, isKnown = beganEmpty(file)): Event[] {
  const { inode, since, creator } = file;
  if (creator === null) return [openFile(inode, since)];
  const before = earlierEvents(inode, counters, epoch);
  const first = isKnown ? created(inode) : openFile(inode, beforeAll);
  return [...(counters.earlier.size > 0 ? [first, ...before] : []), created(inode, since, creator)];
}

/** What its predecessor under the same number had allocated is there before it is made. */
function earlierEvents(inode: Inode, { earlier, allocated: counters }: FileCounters, epoch: number): Event[] {
  return [...earlier].flatMap(([key, count]) => {
    const counter = counters.get(key);
    const ofEpochs = counter === undefined ? 0 : counter.total - counter.within(epoch);
    const old = epoch === 0 ? count : Math.min(count, ofEpochs);
    return [
      ...(old > 0 ? [allocated(inode, 0, idOf(key), old)] : []),
      ...(epoch > 0 ? [allocated(inode, epoch, idOf(key), count - old)] : []),
    ];
  });
}

function counterEvents(
  inode: Inode,
  counters: FileCounters,
  epoch: number,
  at: MonotonicNs,
  file?: SecretFile,
): Event[] {
  const events: Event[] = [];
  const shown = file === undefined ? undefined : new Set([...file.allocators].map(([key]) => key));
  let sum = 0;
  for (const [key, counter] of counters.allocated) {
    // Some ended processes are no longer told apart.
    if (shown !== undefined && !shown.has(key)) continue;
    sum += counter.within(epoch);
    events.push(...totals(counter, epoch).map(([of, count]) => allocated(inode, of, idOf(key), count, at)));
  }
  for (const [kill, counter] of counters.freed) {
    sum -= counter.within(epoch);
    events.push(...totals(counter, epoch).map(([of, count]) => freed(inode, of, kill, count, at)));
  }
  const folded = file === undefined ? 0 : file.moved - sum;
  return folded > 0 ? [...events, allocated(inode, epoch, nobody, folded, at)] : events;
}

/** What earlier epochs counted, then what this one has. */
function totals(counter: EpochCounter, epoch: number): (readonly [epoch: number, count: number])[] {
  const now = counter.within(epoch);
  const before = counter.total - now;
  return [...(before > 0 ? [[0, before] as const] : []), [epoch, now]];
}

/**
 * That it was held until then, and is not any more: whether somebody else has it, only a look can tell that began later.
 * Of a file that is held the look in the recipe says it.
 */
export function letGo({ inode, since, lastHeld: at }: SecretFile): Event[] {
  if (at <= since) return [];
  const nothing = { descriptors: 0, mappings: 0, mappedBytes: bytes(0), residentBytes: null, proportionalBytes: null };
  return [
    { kind: "holding", at, ...nobody, inode, ...nothing, memlockLimitBytes: null },
    { kind: "exit", at, ...nobody },
  ];
}
