import type { HelperError, Message, ProgramNotice, Value, ValueRecord } from "./messages.ts";

/**
 * Gives a parsed line its type. Shapes differ by release, so each field is looked for in every place it was seen.
 *
 * @returns undefined when the value is no message at all (not an object with a string `type`)
 */
export function shapeMessage(parsed: unknown): Message | undefined {
  if (!isRecord(parsed) || typeof parsed.type !== "string") return undefined;
  const { type, data } = parsed;
  // Ordered by how often they come.
  switch (type) {
    case "value":
      return data === undefined ? unknown(parsed, type) : { type, data };
    case "map":
    case "hist":
    case "stats":
    case "tseries":
      return shapeNamed(parsed, type);
    case "printf":
    case "time":
    case "cat":
    case "join":
    case "syscall":
      return typeof data === "string" ? { type, data } : unknown(parsed, type);
    case "lost_events": {
      const events = countOf(parsed, "events");
      return events === undefined ? unknown(parsed, type) : { type, events };
    }
    case "attached_probes": {
      const probes = countOf(parsed, "probes");
      return probes === undefined ? unknown(parsed, type) : { type, probes };
    }
    case "helper_error":
      return shapeHelperError(parsed);
    case "runtime_error":
    case "print_error":
    case "errorf":
    case "warnf":
      return shapeNotice(parsed, type);
    default:
      return unknown(parsed, type);
  }
}

function shapeNamed(parsed: ValueRecord, type: "map" | "hist" | "stats" | "tseries"): Message {
  const { data } = parsed;
  if (!isRecord(data)) return unknown(parsed, type);
  const names = Object.keys(data);
  const [name] = names;
  if (name === undefined || names.length !== 1) return unknown(parsed, type);
  const content = data[name] as Value;
  if (type !== "hist") return { type, name, data: content };
  return isHist(content) ? { type, name, data: content } : unknown(parsed, type);
}

type HistData = Extract<Message, { type: "hist" }>["data"];

function isHist(data: Value): data is HistData & Value {
  if (Array.isArray(data)) return data.every(isBucket);
  return isRecord(data) && Object.values(data).every((entry) => Array.isArray(entry) && entry.every(isBucket));
}

function isBucket(bucket: Value): boolean {
  return isRecord(bucket) && (typeof bucket.count === "number" || typeof bucket.count === "bigint");
}

/** `{data: {events: N}}` up to 0.23, with `count: N` beside it from 0.24 on, or `count` alone. */
function countOf(parsed: ValueRecord, field: string): number | undefined {
  const count = isRecord(parsed.data) ? parsed.data[field] : parsed.count;
  return typeof count === "number" && Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

function shapeHelperError(parsed: ValueRecord): HelperError | Message {
  const { helper, retcode, line, col, msg, filename } = parsed;
  if (typeof helper !== "string" || typeof retcode !== "number") return unknown(parsed, "helper_error");
  if (typeof line !== "number" || typeof col !== "number") return unknown(parsed, "helper_error");
  return {
    type: "helper_error",
    helper,
    retcode,
    line,
    col,
    ...(typeof msg === "string" && { msg }),
    ...(typeof filename === "string" && { filename }),
  };
}

function shapeNotice(parsed: ValueRecord, type: ProgramNotice["type"]): Message {
  const { msg, filename, line, col } = parsed;
  if (typeof msg !== "string") return unknown(parsed, type);
  return {
    type,
    msg,
    ...(typeof filename === "string" && { filename }),
    ...(typeof line === "number" && { line }),
    ...(typeof col === "number" && { col }),
  };
}

function unknown(raw: ValueRecord, name: string): Message {
  return { type: "unknown", name, raw };
}

function isRecord(value: unknown): value is ValueRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
