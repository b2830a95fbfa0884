export { Backoff, type BackoffOptions } from "./backoff.ts";
export {
  ATTACHED_NOTICE,
  DEFAULT_MAX_LINE_BYTES,
  type DecoderCounters,
  type DecoderOptions,
  MessageDecoder,
} from "./decoder.ts";
export type { BpftraceLimits } from "./environment.ts";
export type { Exit, ExitCause } from "./exit.ts";
export { type Finding, type FindOptions, findBpftrace } from "./find.ts";
export { integer, splitNumericKey, toBigInt } from "./integers.ts";
export type {
  AttachedProbes,
  Bucket,
  HelperError,
  HistPrint,
  LostEvents,
  MapPrint,
  Message,
  Overlong,
  ProgramNotice,
  SeriesPrint,
  StatsPrint,
  TextPrint,
  Unknown,
  Unparsed,
  Value,
  ValuePrint,
  ValueRecord,
} from "./messages.ts";
export { UNPARSED_KEPT } from "./messages.ts";
export type { StartOptions, StopOptions } from "./options.ts";
export type { OrphanGuard } from "./orphan-guard.ts";
export { BpftraceProcess, startBpftrace } from "./process.ts";
export type { Readiness } from "./readiness.ts";
export { classifyStderr, type StderrKind } from "./stderr.ts";
export { type BpftraceVersion, compareToRelease, NEWEST_CHECKED, OLDEST_SUPPORTED, parseVersion } from "./version.ts";
