/** What the screen may ask of a replay, beyond its snapshots: the one way in which it knows that there is a recording. */
import type { Landmarks } from "../../collector/sources/trace-file/landmarks.ts";
import type { ReplayObservation, Speed } from "../../collector/sources/trace-file/observation.ts";

/** Times are ns of the recording's CLOCK_MONOTONIC. */
export interface Playback
  extends Pick<
    ReplayObservation,
    | "range"
    | "time"
    | "nextTime"
    | "playing"
    | "speed"
    | "play"
    | "pause"
    | "step"
    | "seek"
    | "jump"
    | "onJump"
    | "onEnd"
  > {
  readonly landmarks: Landmarks;
  /** Called when more landmarks were found. */
  onLandmarks(listener: () => void): () => void;
  /** The recording did not end in order. */
  readonly isCut: boolean;
}

export const speedSteps: readonly Speed[] = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, "most"];

/** The next speed of the table in a direction; from one that is not in it, the nearest that way. */
export function nextSpeed(now: Speed, direction: 1 | -1): Speed {
  const factor = (speed: Speed) => (speed === "most" ? Number.POSITIVE_INFINITY : speed);
  const beyond = speedSteps.filter((speed) => (factor(speed) - factor(now)) * direction > 0);
  return (direction === 1 ? beyond[0] : beyond.at(-1)) ?? now;
}

/** Rates and the log need some of what was before: as much as the shortest window. */
const runUpNs = 60_000_000_000n;

/**
 * Puts the replay to a time, and plays it there from a little before, so that rates, events and what was there before an
 * OOM kill are as they were live.
 * @param forget called when time has jumped: what the screen remembers belongs to another time
 * @returns whether it arrived; false: another jump took its place
 */
export function jump(playback: Playback, time: bigint, forget: () => void): Promise<boolean> {
  const { from, to } = playback.range;
  const target = time < from ? from : time > to ? to : time;
  return playback.seek(target, { ns: runUpNs, begin: forget });
}
