import { type BpftraceVersion, compareToRelease, NEWEST_CHECKED } from "./version.ts";

/**
 * From 0.24 on, escaping a character switches bpftrace's stdout to hexadecimal and never back: `std::hex` is sticky and
 * src/output/json.cpp escapes straight into the output stream. From the first `\u` of the *stream* on, every integer
 * that is streamed without `std::to_string` is hexadecimal: bucket counts of hist and lhist, values of tseries, and the
 * count of lost_events. Tuple elements, map values and stats stay decimal.
 * Seen on 0.27.1: `"count": 45` for 69 (valid JSON, wrong), `"count": 8b`, and `"count": 284e3` for 165091, which
 * JSON.parse reads as 284000; such lost_events added up to the decimal total that bpftrace prints on stderr at exit.
 * Up to 0.23 escapes are built in a stream of their own and all is decimal.
 */
export type NumberBase = "decimal" | "hexAfterEscape" | "unknown";

/** How a release prints counts; `unknown` for one that is newer than any checked, which may have mended this. */
export function numberBase(version: BpftraceVersion): NumberBase {
  if (compareToRelease(version, { major: 0, minor: 24 }) < 0) return "decimal";
  return compareToRelease(version, NEWEST_CHECKED) <= 0 ? "hexAfterEscape" : "unknown";
}

// The quote before the colon is unescaped, so this never matches inside a string.
const COUNT = /"(count|events|probes|value)": ?([0-9a-f]{1,16})(?=[,}])/g;
const AFFECTED = /^\{"type": ?"(?:hist|tseries|lost_events|attached_probes)"/;

/** True for lines whose counts follow the base of the stream. */
export function hasStreamedCounts(line: string): boolean {
  return AFFECTED.test(line);
}

/**
 * Rewrites the hexadecimal counts of such a line in decimal.
 *
 * @param hexFrom index in the line from which counts are hexadecimal
 */
export function decimalCounts(line: string, hexFrom: number): string {
  return line.replace(COUNT, (match, name: string, digits: string, at: number) => {
    if (at < hexFrom) return match;
    const value = BigInt(`0x${digits}`);
    // std::hex prints a negative 64-bit integer as its two's complement; only a tseries value can be negative.
    return `"${name}": ${name === "value" ? BigInt.asIntN(64, value) : value}`;
  });
}

/** True when reading the counts from `hexFrom` on as hexadecimal would give another figure than decimal. */
export function countsDependOnBase(line: string, hexFrom: number): boolean {
  return line.replace(/": /g, '":') !== decimalCounts(line, hexFrom).replace(/": /g, '":');
}
