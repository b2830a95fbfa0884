/** Two lines that answer most questions: how much, held by how many, how sure, and does it block hibernation. */
import type { EvidenceWord, Snapshot } from "../../../collector/snapshot.ts";
import { counted } from "../../text/counts.ts";
import { formatDuration } from "../../text/durations.ts";
import { formatBytes } from "../../text/sizes.ts";
import { width } from "../../text/width.ts";
import type { Look } from "../look.ts";
import type { Recorded } from "../recordingControl.ts";
import { clock, elapsed } from "./figures.ts";
import { ends, type Line, outside, type Span, span, type Tone } from "./line.ts";

export interface HeaderFacts {
  readonly snapshot: Snapshot;
  readonly word: EvidenceWord;
  /** How long ago the snapshot came, ms. */
  readonly ageMs: number;
  readonly late: boolean;
  readonly frozen: boolean;
  readonly replayed: boolean;
  readonly recorded: Recorded | undefined;
  /** Alert rules that fire; the Events panel says which. */
  readonly firing: number;
}

const toneOf: Record<EvidenceWord, Tone> = { complete: "strong", late: "warning", lossy: "bad", partial: "warning" };

export function headerLines(facts: HeaderFacts, columns: number, look: Look): Line[] {
  const { host, evidence } = facts.snapshot;
  const separator = span(` ${look.glyphs.separator} `, "quiet");
  const replayed = facts.replayed ? [span(" REPLAY", "accent")] : [];
  const name = [span(" secretscope", "strong"), ...replayed, separator, { text: outside(host.name || "?", look) }];
  const redacted = host.redacted ? [separator, span("names redacted", "accent")] : [];
  const kernel = [separator, { text: outside(host.kernel || "?", look) }];
  const route = [separator, span(routeText(evidence.route), "quiet")];
  const model = [separator, span(accountingText(host.accounting), "quiet")];
  const left = [...name, ...redacted, ...kernel, ...(columns >= 76 ? route : []), ...(columns >= 100 ? model : [])];
  return [
    ends(
      left,
      [
        ...recording(facts, columns, separator),
        ...alerts(facts, separator),
        ...freshness(facts),
        separator,
        ...word(facts),
        { text: " " },
      ],
      columns,
    ),
    second(facts, columns, look),
  ];
}

/** That it records, for how long and how much; on a narrow screen only for how long. */
function recording({ recorded }: HeaderFacts, columns: number, separator: Span): Span[] {
  if (recorded === undefined) return [];
  const size = columns >= 76 ? `, ${formatBytes(recorded.bytes)}` : "";
  return [span(`REC ${elapsed(recorded.elapsedNs)}${size}`, "bad"), separator];
}

function alerts({ firing }: HeaderFacts, separator: Span): Span[] {
  return firing === 0 ? [] : [span(`! ${counted(firing, "alert")}`, "bad"), separator];
}

function freshness({ frozen, late, ageMs, snapshot }: HeaderFacts): Span[] {
  if (frozen) return [span(`FROZEN at ${clock(snapshot.time)}, collecting`, "warning")];
  if (late) return [span(`nothing new for ${formatDuration(Math.floor(ageMs / 1000) * 1000)}`, "warning")];
  return [{ text: clock(snapshot.time) }];
}

function word({ word: evidence }: HeaderFacts): Span[] {
  const mark = evidence === "complete" ? "" : "! ";
  return [span(`${mark}${evidence}`, toneOf[evidence])];
}

function second({ snapshot }: HeaderFacts, columns: number, look: Look): Line {
  const { secret } = snapshot;
  const separator = span(` ${look.glyphs.separator} `, "quiet");
  const size = secret.residentBytes === null ? "An unknown amount" : formatBytes(secret.residentBytes);
  const unheld = secret.unheldBytes
    ? [separator, span(`! ${formatBytes(secret.unheldBytes)} held by no process`, "warning")]
    : [];
  const left = [
    span(` ${size}`, "strong"),
    {
      text: ` of secret memory in ${counted(secret.files.length, "file")}, ${counted(secret.holders.length, "holder")}`,
    },
    ...unheld,
  ];
  const room = columns - left.reduce((sum, { text }) => sum + width(text), 0) - 3;
  const right = hibernation(snapshot, look).find(
    (spans) => spans.reduce((sum, { text }) => sum + width(text), 0) <= room,
  );
  return ends(left, [...(right ?? []), { text: " " }], columns);
}

/** In as many words as there is room for: the longest first. */
function hibernation({ hibernation: { blocked, by }, secret }: Snapshot, look: Look): Span[][] {
  if (blocked === null) return [[span("hibernation ?", "quiet")]];
  if (!blocked) return [[span("hibernation free", "quiet")]];
  const short = [span("hibernation blocked", "warning")];
  const first = by[0];
  if (first === undefined) return [short];
  const comm = secret.holders.find(({ pid }) => pid === first)?.comm ?? "?";
  const more = by.length > 1 ? ` +${by.length - 1}` : "";
  return [
    [...short, { text: ` by ${outside(comm, look)} [${first}]${more}` }],
    [...short, { text: ` by ${by.length}` }],
    short,
  ];
}

/** "tracepoint", or all of them where facts come by different routes. */
export function routeText(route: Snapshot["evidence"]["route"]): string {
  const used = [...new Set([route.pages, route.splits, route.oom].map((each) => each ?? "none"))];
  return used.join("+");
}

/** Which limits count secret memory: old kernels at mmap (mlock), new ones at first touch, by user. */
export function accountingText(accounting: Snapshot["host"]["accounting"]): string {
  if (accounting === null) return "accounting ?";
  return accounting === "mlock" ? "limit at mmap" : "limit by user";
}
