import { BYTE_ESCAPE, firstUnicodeEscape, repairByteEscapes } from "./byte-escapes.ts";
import { hasInexactInteger, parseExactJson } from "./exact-json.ts";
import { LineSplitter } from "./line-splitter.ts";
import { escapesKeysTwice, unescapeKeys } from "./map-keys.ts";
import { type Message, UNPARSED_KEPT, type Unparsed } from "./messages.ts";
import { countsDependOnBase, decimalCounts, hasStreamedCounts, type NumberBase, numberBase } from "./number-base.ts";
import { shapeMessage } from "./shape.ts";
import type { BpftraceVersion } from "./version.ts";

/** Printed on stderr up to 0.23 and on stdout from 0.24 on, when asked for by an environment variable of that name. */
export const ATTACHED_NOTICE = "__BPFTRACE_NOTIFY_PROBES_ATTACHED";

/** The longest line that is read, in bytes, unless told otherwise: a map of some 400 000 keys. */
export const DEFAULT_MAX_LINE_BYTES = 16 * 1024 * 1024;

export interface DecoderOptions {
  /** The release that wrote the stream; without it, counts whose number base depends on the release stay unparsed. */
  readonly version?: BpftraceVersion | undefined;
  readonly maxLineBytes?: number | undefined;
  /**
   * Called for each message, in order; `size` is the length of its line. If it throws, the other messages of the chunk
   * are still delivered, then `push` throws the first error.
   */
  readonly receive: (message: Message, size: number) => void;
  /** Called when the line that says "all probes are attached" came in this stream; it is no message. */
  readonly onAttachedNotice?: (() => void) | undefined;
}

/** What came, so that nothing is lost silently: `lines` = the sum of `messages` + `notices`. */
export interface DecoderCounters {
  bytes: number;
  /** Lines that were not blank. */
  lines: number;
  blank: number;
  notices: number;
  messages: Record<Message["type"], number>;
  /** Sum of all lost_events. */
  lostEvents: number;
}

/**
 * Turns the bytes of `bpftrace -f json` into messages, wherever the chunks end. Pure: no input or output of its own.
 * Never throws on any input.
 */
export class MessageDecoder {
  readonly counters: DecoderCounters = {
    bytes: 0,
    lines: 0,
    blank: 0,
    notices: 0,
    messages: noMessages(),
    lostEvents: 0,
  };
  readonly #receive: DecoderOptions["receive"];
  readonly #onAttachedNotice: DecoderOptions["onAttachedNotice"];
  readonly #base: NumberBase;
  readonly #keysTwice: boolean;
  readonly #splitter: LineSplitter;
  /** The stream printed an escape, so its counts may be hexadecimal from here on (see number-base.ts). */
  #escapeSeen = false;
  #failed = false;
  #firstError: unknown;

  constructor(options: DecoderOptions) {
    this.#receive = options.receive;
    this.#onAttachedNotice = options.onAttachedNotice;
    this.#base = options.version === undefined ? "unknown" : numberBase(options.version);
    this.#keysTwice = options.version !== undefined && escapesKeysTwice(options.version);
    this.#splitter = new LineSplitter(options.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES, {
      lines: (text) => this.#decodeLines(text),
      overlong: (bytes) => this.#deliver({ type: "overlong", bytes }, 0),
    });
  }

  push(chunk: Buffer): void {
    this.counters.bytes += chunk.length;
    this.#splitter.push(chunk);
    this.#rethrow();
  }

  /** The stream has ended: a last line without newline is decoded, or reported as cut off. */
  end(): void {
    const rest = this.#splitter.end();
    if (rest !== "") {
      const message = this.#decodeCarefully(rest);
      if (message?.type === "unparsed") this.#deliver({ ...message, reason: "cutOff" }, rest.length);
      else this.#deliver(message, rest.length);
    }
    this.#rethrow();
  }

  #decodeLines(text: string): void {
    // Nearly all lines have neither an escape nor an integer beyond 2^53, and a chunk is searched faster than its lines are.
    const plain = !this.#escapeSeen && !text.includes("\\u") && !hasInexactInteger(text);
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      if (end === start) {
        this.counters.blank++;
      } else {
        const line = text.slice(start, end);
        this.#deliver(plain ? this.#parse(line, JSON.parse) : this.#decodeCarefully(line), end - start);
      }
      start = end + 1;
    }
  }

  #decodeCarefully(line: string): Message | undefined {
    let text = line;
    const escaped = line.includes("\\u");
    if (this.#base !== "decimal" && (escaped || this.#escapeSeen)) {
      const hexFrom = this.#escapeSeen ? 0 : firstUnicodeEscape(line);
      if (hexFrom !== -1) {
        this.#escapeSeen ||= line.startsWith('{"type"');
        if (hasStreamedCounts(line)) {
          if (this.#base === "hexAfterEscape") text = decimalCounts(line, hexFrom);
          else if (countsDependOnBase(line, hexFrom)) return unparsed("ambiguousNumber", line);
        }
      }
    }
    if (escaped && text.includes(BYTE_ESCAPE)) text = repairByteEscapes(text);
    return this.#parse(text, hasInexactInteger(text) ? parseExactJson : JSON.parse);
  }

  #parse(line: string, parse: (text: string) => unknown): Message | undefined {
    let parsed: unknown;
    try {
      parsed = parse(line);
    } catch {
      if (line !== ATTACHED_NOTICE) return unparsed("notJson", line);
      this.counters.lines++;
      this.counters.notices++;
      this.#onAttachedNotice?.();
      return undefined;
    }
    const message = shapeMessage(parsed) ?? unparsed("notAMessage", line);
    // An escaped backslash: in a key it is an escape that was escaped.
    return this.#keysTwice && line.includes("\\\\") ? unescapeKeys(message) : message;
  }

  #deliver(message: Message | undefined, size: number): void {
    if (message === undefined) return;
    this.counters.lines++;
    this.counters.messages[message.type]++;
    if (message.type === "lost_events") this.counters.lostEvents += message.events;
    try {
      this.#receive(message, size);
    } catch (error) {
      if (!this.#failed) this.#firstError = error;
      this.#failed = true;
    }
  }

  #rethrow(): void {
    if (!this.#failed) return;
    const error = this.#firstError;
    this.#failed = false;
    this.#firstError = undefined;
    throw error;
  }
}

function unparsed(reason: Unparsed["reason"], line: string): Unparsed {
  return { type: "unparsed", reason, line: line.slice(0, UNPARSED_KEPT), length: line.length };
}

function noMessages(): Record<Message["type"], number> {
  return {
    value: 0,
    map: 0,
    hist: 0,
    stats: 0,
    tseries: 0,
    printf: 0,
    time: 0,
    cat: 0,
    join: 0,
    syscall: 0,
    attached_probes: 0,
    lost_events: 0,
    helper_error: 0,
    runtime_error: 0,
    print_error: 0,
    errorf: 0,
    warnf: 0,
    unknown: 0,
    unparsed: 0,
    overlong: 0,
  };
}
