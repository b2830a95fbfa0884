/** Figures of the direct map: how much of it is broken up, how fast, and for how long it will last. */
import type { SplitCause } from "../../events.ts";
import type { Point } from "../history.ts";
import { countersSpeak, type Figure, reading, unknown } from "./reading.ts";

/** 114 years: at this rate never. A number, so that a rule about little time left can clear. */
const mostHours = 1_000_000;

/** Every cause by name; a record, so that the compiler misses one that was added. */
const allCauses: Readonly<Record<SplitCause, true>> = {
  secretmem: true,
  bpf: true,
  module: true,
  execmem: true,
  gpu: true,
  tracing: true,
  other: true,
};
export const splitCauses = Object.keys(allCauses) as SplitCause[];

const splitsOfOthers = ({ kernelSplits, ownSplits }: Point) =>
  kernelSplits === null ? null : kernelSplits - ownSplits;

export const splitsPerMinute: Figure = {
  unit: "perMinute",
  means: "splits of the direct map, less secretscope's own, over 5 minutes; with cause: only those of that cause",
  read: (snapshot, { now, minutes }, cause) => {
    // Without stacks there are no causes, and none is not zero.
    const hasCauses = (snapshot.evidence.route.splits ?? null) !== null;
    if (now === undefined || (cause !== null && !(hasCauses && countersSpeak(snapshot)))) return unknown;
    const of = (each: SplitCause) => minutes.growth(now, (point) => point.causes.get(each) ?? 0);
    const growth = cause === null ? minutes.growth(now, splitsOfOthers) : of(cause);
    if (growth === null) return unknown;
    const most = splitCauses
      .map((each) => ({ each, amount: of(each)?.amount ?? 0 }))
      .reduce((a, b) => (b.amount > a.amount ? b : a));
    const who = cause ?? (hasCauses && most.amount > 0 ? most.each : null);
    // Own splits may be told a moment later than the kernel's total: below zero is zero.
    return reading(Math.max(0, growth.amount) / growth.minutes, who);
  },
};

export const directMap4kShare: Figure = {
  unit: "share",
  means: "part of the direct map that is mapped by 4K pages",
  read: ({ directMap: { bytes } }) => {
    // No line for 1G in /proc/meminfo means that this processor has no such mappings.
    if (bytes["4k"] === null || bytes["2m"] === null) return unknown;
    const all = bytes["4k"] + bytes["2m"] + (bytes["1g"] ?? 0);
    return all > 0 ? reading(bytes["4k"] / all) : unknown;
  },
};

export const hoursUntilLast2m: Figure = {
  unit: "hours",
  means: "hours until the last 2M mapping is gone, at the rate of the past hour; 1G mappings count as 512 of 2M",
  read: (_, { now, hour }) => {
    const growth = now === undefined ? null : hour.growth(now, ({ largeBytes }) => largeBytes);
    if (now?.largeBytes == null || growth === null) return unknown;
    if (now.largeBytes === 0) return reading(0);
    const lostPerHour = (-growth.amount / growth.minutes) * 60;
    return reading(lostPerHour <= 0 ? mostHours : Math.min(mostHours, now.largeBytes / lostPerHour));
  },
};
