import {
  type BpftraceVersion,
  type DecoderCounters,
  type Message,
  MessageDecoder,
  parseVersion,
} from "../../../probes/bpftrace-wrapper/src/index.ts";

export function release(text: string): BpftraceVersion {
  const version = parseVersion(`bpftrace ${text}`);
  if (version === undefined) throw new Error(`${text} is no version`);
  return version;
}

export interface Decoded {
  readonly messages: readonly Message[];
  readonly counters: DecoderCounters;
  readonly notices: number;
}

/** Decodes chunks as one stream of the given release; `null` is a stream of an unknown one. */
export function decode(
  chunks: readonly (string | Uint8Array)[],
  { version = "v0.17.0", maxLineBytes }: { version?: string | null; maxLineBytes?: number } = {},
): Decoded {
  const messages: Message[] = [];
  let notices = 0;
  const decoder = new MessageDecoder({
    version: version === null ? undefined : release(version),
    maxLineBytes,
    receive: (message) => messages.push(message),
    onAttachedNotice: () => notices++,
  });
  for (const chunk of chunks) decoder.push(Buffer.from(chunk as Uint8Array));
  decoder.end();
  return { messages, counters: decoder.counters, notices };
}

/** The only message of one line. */
export function decodeLine(line: string | Uint8Array, version: string | null = "v0.17.0"): Message | undefined {
  return decode([line, "\n"], { version }).messages[0];
}
