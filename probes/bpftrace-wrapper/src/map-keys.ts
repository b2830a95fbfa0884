import { BYTE_ESCAPE, repairByteEscapes } from "./byte-escapes.ts";
import type { Message, Value, ValueRecord } from "./messages.ts";
import type { BpftraceVersion } from "./version.ts";

/**
 * 0.23 escapes strings, stacks and symbols in the keys of maps twice: each by itself, then the key that they are joined
 * to (src/output.cpp: JsonOutput::value_to_str for a map key, JsonOutput::map_key_to_str; seen on 0.23.2). What it does
 * not escape by itself (numbers, pointers, MAC addresses) has no backslash, so that the layer comes off exactly.
 */
export const escapesKeysTwice = ({ major, minor }: BpftraceVersion): boolean => major === 0 && minor === 23;

/**
 * A tuple or struct inside a key is JSON of its own, with quotes that none of the key's strings has bare: it stays as it
 * is. Then escaped bytes, and every escape that bpftrace writes (`json_escape` in the same file).
 */
const INNER = /"(?:[^"\\]|\\.)*"|(?:\\uffffff[89a-f][0-9a-f])+|\\u00[01][0-9a-f]|\\[nrt"\\]/g;

const SIMPLE: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\" };

function withoutLayer(key: string): string {
  return key.replace(INNER, (match) => {
    if (match.startsWith('"')) return match;
    if (match.startsWith(BYTE_ESCAPE)) return repairByteEscapes(match);
    return SIMPLE[match.charAt(1)] ?? String.fromCharCode(Number.parseInt(match.slice(2), 16));
  });
}

/** Takes the inner layer off the keys of a map; other messages are left alone. */
export function unescapeKeys(message: Message): Message {
  if (message.type !== "map" && message.type !== "hist" && message.type !== "stats") return message;
  const { data } = message;
  if (typeof data !== "object" || data === null || Array.isArray(data)) return message;
  const entries = new Map<string, Value>();
  for (const [key, value] of Object.entries(data as ValueRecord)) {
    const text = withoutLayer(key);
    // Different bytes that are no UTF-8 may look the same: the later one keeps its escapes rather than be lost.
    entries.set(entries.has(text) ? key : text, value);
  }
  return { ...message, data: Object.fromEntries(entries) } as Message;
}
