/** CLOCK_MONOTONIC as a time of day, by the last that was said of both clocks. */
import type { ClockEvent } from "../../events.ts";

/** null without a clock, and where a hostile trace makes it no time at all. */
export function wallTime(clock: ClockEvent | undefined, at: bigint | null): string | null {
  if (clock === undefined || at === null) return null;
  const time = new Date(clock.wall + Number((at - clock.at) / 1_000_000n));
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}
