/** Sentences about users whose resident secret memory is above their RLIMIT_MEMLOCK. */
import { usersAboveLimit } from "../../collector/memlock.ts";
import type { Snapshot } from "../../collector/snapshot.ts";
import { formatBytes } from "../text/sizes.ts";
import { userNames } from "../text/user-name.ts";

export function limitFindings(snapshot: Snapshot): string[] {
  const userName = userNames(snapshot.host);
  return usersAboveLimit(snapshot).map(
    ({ uid, residentBytes, limitBytes }) =>
      `Resident secret memory of user ${userName(uid)} (${formatBytes(residentBytes)}) is above its RLIMIT_MEMLOCK ` +
      `(${formatBytes(limitBytes)}).`,
  );
}
