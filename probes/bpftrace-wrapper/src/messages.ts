/**
 * What bpftrace prints with `-f json`, one object a line, as one type for 0.17 to 0.27.
 * Strings are data from the traced system: they can hold anything, and are never escaped here.
 */

/**
 * A value inside a message. An integer outside the range where doubles are exact is a bigint (or, from bpftrace 0.24 on,
 * a string of digits, as bpftrace sends it): read numbers with `integer()`.
 */
export type Value = null | boolean | number | bigint | string | readonly Value[] | ValueRecord;
export interface ValueRecord {
  readonly [key: string]: Value;
}

/** How many probes were found; up to 0.23 sent before they are attached, from 0.24 after. Not sent with `-q`. */
export interface AttachedProbes {
  readonly type: "attached_probes";
  readonly probes: number;
}

/** That many events were dropped between kernel and bpftrace since the last such message. */
export interface LostEvents {
  readonly type: "lost_events";
  readonly events: number;
}

/** A map: `data` is a scalar, or a record from key to value. Several keys are joined by commas: `splitNumericKey`. */
export interface MapPrint {
  readonly type: "map";
  readonly name: string;
  readonly data: Value;
}

/** `min` and `max` are inclusive; an open end has none. */
export interface Bucket {
  readonly min?: number | bigint | string;
  readonly max?: number | bigint | string;
  readonly count: number | bigint;
}

/** `hist()` and `lhist()`: buckets, or a record from key to buckets. */
export interface HistPrint {
  readonly type: "hist";
  readonly name: string;
  readonly data: readonly Bucket[] | { readonly [key: string]: readonly Bucket[] };
}

/** `stats()` ({count, average, total}) and `avg()` (a number), by key if the map has keys. */
export interface StatsPrint {
  readonly type: "stats";
  readonly name: string;
  readonly data: Value;
}

/** `tseries()` (0.25 and later): [{interval_start, value}], by key if the map has keys. */
export interface SeriesPrint {
  readonly type: "tseries";
  readonly name: string;
  readonly data: Value;
}

/** `print(x)` of something that is no map; a tuple is an array. */
export interface ValuePrint {
  readonly type: "value";
  readonly data: Value;
}

export interface TextPrint {
  readonly type: "printf" | "time" | "cat" | "join" | "syscall";
  readonly data: string;
}

/** A BPF helper returned an error (only with `-k`); `retcode` is a negative errno, `line` and `col` count from 1. */
export interface HelperError {
  readonly type: "helper_error";
  readonly helper: string;
  readonly retcode: number;
  readonly line: number;
  readonly col: number;
  readonly msg?: string;
  readonly filename?: string;
}

/** An error or warning of the running program: 0.24 and later. */
export interface ProgramNotice {
  readonly type: "runtime_error" | "errorf" | "warnf" | "print_error";
  readonly msg: string;
  readonly filename?: string;
  readonly line?: number;
  readonly col?: number;
}

/** A well-formed message of a type, or of a shape, that this package does not know; `raw` is all of it. */
export interface Unknown {
  readonly type: "unknown";
  readonly name: string;
  readonly raw: ValueRecord;
}

/**
 * A line that could not be read as a message. `ambiguousNumber`: it is JSON, but its counts may be decimal or
 * hexadecimal (see `number-base.ts`), so no figure is given.
 */
export interface Unparsed {
  readonly type: "unparsed";
  readonly reason: "notJson" | "notAMessage" | "ambiguousNumber" | "cutOff";
  /** The line, at most `UNPARSED_KEPT` characters of it. */
  readonly line: string;
  /** Its whole length in UTF-16 units. */
  readonly length: number;
}

/** A line longer than the limit was skipped up to its newline. */
export interface Overlong {
  readonly type: "overlong";
  readonly bytes: number;
}

export type Message =
  | AttachedProbes
  | LostEvents
  | MapPrint
  | HistPrint
  | StatsPrint
  | SeriesPrint
  | ValuePrint
  | TextPrint
  | HelperError
  | ProgramNotice
  | Unknown
  | Unparsed
  | Overlong;

/** How much of an unreadable line is kept, in UTF-16 units. */
export const UNPARSED_KEPT = 4096;
