/** The lab for TypeScript: `import { run } from "../lab/guest.ts"`. The code is in .mjs, which Node 20 runs as it is. */
export type { Ability, FailureKind, Guest, Log, RunOptions, RunResult, Stream } from "./guest.mjs";
export { canRun, guests, LabFailure, prepare, run } from "./guest.mjs";
