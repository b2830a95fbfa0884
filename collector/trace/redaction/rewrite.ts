/**
 * A recording again, batch by batch, with its names redacted: the same rows, times, batch numbers and checkpoints. What
 * cannot be read is left out, and its number with it, so that the copy has its gaps where the recording has them; where
 * the recording has no end, or a damaged one, the copy has none.
 */
import { monotonicNs, wallMs } from "../../units.ts";
import { encodeBatch } from "../encodeBatch.ts";
import { endOfStream } from "../encodeMessage.ts";
import { RowEncoder } from "../encodeRows.ts";
import { currentFormat, schemaMessage, type TraceHeader } from "../header.ts";
import type { TraceFile } from "../traceFile.ts";
import type { BatchPlace } from "../traceIndex.ts";
import type { Redactor } from "./redactor.ts";

/**
 * @param redactor the same for all files of one recording: a name keeps its pseudonym from file to file
 * @param tool who writes the copy
 */
export function* redactedCopy(
  file: TraceFile,
  redactor: Redactor,
  tool: string,
): Generator<Uint8Array, void, undefined> {
  yield schemaMessage({ ...(file.header ?? emptyHead(file)), format: currentFormat, tool }, redactor);
  const encoder = new RowEncoder(redactor);
  let end = 0;
  for (const place of file.batches) {
    const whole = fill(encoder, file, place);
    if (whole) yield encodeBatch(encoder, place);
    encoder.clear();
    const { offset, headLength, bodyLength } = place.columns;
    end = whole ? offset + headLength + bodyLength : Number.POSITIVE_INFINITY;
  }
  const endsWhole = Number.isFinite(end) && !file.damage.some(({ offset }) => offset >= end);
  if (file.end === "whole" && endsWhole) yield endOfStream;
}

/** @returns false when part of the batch cannot be read: then none of it is believed */
function fill(encoder: RowEncoder, file: TraceFile, place: BatchPlace): boolean {
  for (const rows of file.rows(place)) {
    if ("reason" in rows) return false;
    for (const row of rows) encoder.add(row);
  }
  return true;
}

/** In place of a damaged one. */
function emptyHead({ batches }: TraceFile): Omit<TraceHeader, "format" | "tool"> {
  const first = batches[0];
  return {
    monotonic: monotonicNs(first?.from ?? 0n),
    wall: wallMs(first?.wall ?? Number.NaN),
    file: 1,
    redacted: true,
    host: null,
    plan: null,
  };
}
