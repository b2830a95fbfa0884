/** Figures of OOM kills in the ten minutes before the snapshot: what they achieved, and what stood in their way. */
import type { OomKillView, Snapshot } from "../../snapshot.ts";
import { countersSpeak, type Figure, largest, processName, reading, unknown } from "./reading.ts";

const recentMs = 600_000;
/**
 * Key agents hold KiB to a few MiB for as long as a host is up, and every kill beside them frees none of it: that is no
 * reason why memory stays short.
 */
const muchBytes = 16 * 2 ** 20;

/**
 * Both times are made from the same pair of clocks, so that their difference is the kernel's monotonic one, whatever
 * happened to the wall clock. null: nobody sees kills, or not when they were.
 */
function recentKills(snapshot: Snapshot): readonly OomKillView[] | null {
  const { oom, time, evidence } = snapshot;
  if (evidence.route.oom === null || !countersSpeak(snapshot)) return null;
  const now = Date.parse(time);
  // Before the clocks were compared every time is 1970.
  if (oom.recent.length > 0 && !(now > 0)) return null;
  return oom.recent.filter((kill) => now - Date.parse(kill.time) <= recentMs);
}

export const futileOomKills: Figure = {
  unit: "count",
  means:
    "OOM kills of the past 10 minutes that freed nothing of the secret memory there was, if that was 16 MiB or more",
  read: (snapshot) => {
    const kills = recentKills(snapshot);
    if (kills === null) return unknown;
    const futile = kills.filter((kill) => kill.secretFreedBytes === 0 && (kill.secretResidentBytes ?? 0) >= muchBytes);
    const last = futile.at(-1);
    if (last !== undefined) return reading(futile.length, processName(last.victim));
    // Not known yet, or never: the victim is still ending, or nothing counts pages.
    return kills.some(isUnknown) ? unknown : reading(0);
  },
};

export const secretShareAtOomKill: Figure = {
  unit: "share",
  means: "largest part of RAM that was secret memory at an OOM kill of the past 10 minutes",
  read: (snapshot) => {
    const kills = recentKills(snapshot);
    const { memoryBytes } = snapshot.host;
    if (kills === null || memoryBytes <= 0) return unknown;
    return largest(
      kills.map(({ secretResidentBytes: bytes, victim }) =>
        reading(bytes === null ? null : bytes / memoryBytes, processName(victim)),
      ),
    );
  },
};

const isUnknown = ({ secretResidentBytes, secretFreedBytes }: OomKillView) =>
  secretResidentBytes === null || (secretResidentBytes >= muchBytes && secretFreedBytes === null);
