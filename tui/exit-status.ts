/** What every command's exit status means; a second signal adds 128 + its number. */
export const exitStatus = {
  /** Fine, or nothing found. */
  fine: 0,
  /** A finding: somebody holds secret memory, somebody split the direct map, something cannot be shown. */
  finding: 1,
  /** Wrong usage, or this machine cannot run it. */
  cannot: 2,
} as const;

export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];
