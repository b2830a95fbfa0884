/** How far the figures can be trusted, in words that name each doubt. */
import type { Evidence, EvidenceReason, EvidenceReasonKind, EvidenceWord } from "../snapshot.ts";
import type { MonotonicNs } from "../units.ts";
import type { Ledger } from "./ledger.ts";

/** A look at who holds what that is older than this is worth a word, ms. */
const oldScanMs = 60_000;

export function evidenceOf(ledger: Ledger, timeOf: (at: MonotonicNs) => string): Evidence {
  const { plan, holdings, splits, files } = ledger;
  const scan = holdings.scan;
  const scanAgeMs = scan === undefined ? null : Number((ledger.now - scan.began) / 1_000_000n);
  const found = doubts(ledger, scanAgeMs);
  const { pages = null, splits: splitRoute = null, oom = null, ...others } = plan?.routes ?? {};
  const route = { pages: pages ?? "procfs", splits: splitRoute, oom, ...others };
  const reasons = [...found, ...restarted(ledger), ...unprobed(route)];
  return {
    route,
    complete: found.length === 0,
    why: found.map(({ text }) => text),
    word: wordFor(reasons),
    reasons,
    lost: ledger.lostLines,
    unattributedSplits: splits.unattributed,
    restarts: ledger.restarts,
    gaps: ledger.gaps.map(({ from, at, reason }) => ({ from: timeOf(from), to: timeOf(at), reason })),
    blind: plan?.blind ?? [],
    differencePages: files.differencePages,
    scanAgeMs,
    hiddenProcesses: scan?.hidden ?? 0,
    unlistedProcesses: scan?.partial ?? false,
  };
}

/** What each kind makes of the evidence; the rest makes it partial. */
const words: Partial<Record<EvidenceReasonKind, EvidenceWord>> = {
  gap: "lossy",
  restart: "lossy",
  lost: "lossy",
  mapFull: "lossy",
  unreadable: "lossy",
  late: "late",
  oldScan: "late",
};

/** The worst that is true: lossy, then late, then partial. */
function wordFor(reasons: readonly EvidenceReason[]): EvidenceWord {
  const found = new Set(reasons.map(({ kind }) => words[kind] ?? "partial"));
  return (["lossy", "late", "partial"] as const).find((word) => found.has(word)) ?? "complete";
}

/** The gap says it, as long as it is remembered. */
const restarted = ({ gaps, restarts }: Ledger): EvidenceReason[] =>
  gaps.length > 0 || restarts === 0
    ? []
    : [{ kind: "restart", text: `the probes were started again ${count(restarts, "time")}` }];

/** Without probes there are totals, and nobody knows who. The reasons and remedies are in `blind`. */
function unprobed(route: Evidence["route"]): EvidenceReason[] {
  const blind = {
    pages: "pages are only measured in /proc, not counted",
    splits: "nobody sees who splits the direct map: only /proc/vmstat's totals",
    oom: "nobody sees OOM kills: only /proc/vmstat's total",
  } as const;
  return (["pages", "splits", "oom"] as const).flatMap((fact) =>
    route[fact] === null || route[fact] === "procfs" ? [{ kind: "blind", text: blind[fact] } as const] : [],
  );
}

function doubts(ledger: Ledger, scanAgeMs: number | null): EvidenceReason[] {
  const { files, splits, holdings } = ledger;
  const all = [...files.all];
  const unknown = all.filter((file) => file.resident === null).length;
  const unverified = all.filter((file) => file.resident !== null && !file.verified).length;
  const unattributed = splits.unattributed ?? 0;
  const hidden = holdings.scan?.hidden ?? 0;
  const inFlight = ledger.plan?.inFlight ?? 0;
  const lateMs = ledger.attached && ledger.lastTick !== null ? Number((ledger.now - ledger.lastTick) / 1_000_000n) : 0;
  // A reading is asked for once an interval and waited for a second at least: none came for the last one.
  const late = lateMs > Math.max(1_000, 1.5 * (ledger.plan?.intervalMs ?? 0));
  const watching = ledger.plan !== undefined && Object.keys(ledger.plan.routes).length > 0;
  const doubt = (when: boolean, kind: EvidenceReasonKind, text: string) => (when ? [{ kind, text }] : []);
  return [
    ...doubt(
      watching && !ledger.attached,
      "detached",
      `the probes are not running${ledger.detachedReason ? `: ${ledger.detachedReason}` : ""}`,
    ),
    ...doubt(late, "late", `counters are as of ${(lateMs / 1000).toFixed(1)} s ago: bpftrace is late`),
    ...doubt(
      ledger.gaps.length > 0,
      "gap",
      `nothing was seen during ${count(ledger.gaps.length, "gap")}; splits in it have no cause`,
    ),
    ...doubt(
      ledger.lostLines > 0,
      "lost",
      `${count(ledger.lostLines, "printed line")} lost: totals are not affected, names and times of single events may be missing`,
    ),
    ...doubt(
      ledger.lostKeys > 0,
      "mapFull",
      `a map in the kernel was full ${count(ledger.lostKeys, "time")}: some pages may not be counted`,
    ),
    ...doubt(ledger.unreadable > 0, "unreadable", `${count(ledger.unreadable, "line")} of bpftrace could not be read`),
    ...doubt(unknown > 0, "unmeasured", `${count(unknown, "file")} could not be measured yet`),
    ...doubt(
      unverified > 0,
      "unverified",
      `${count(unverified, "file")} not measured again since the gap: shown as before it`,
    ),
    ...doubt(files.refused > 0, "tooManyFiles", `more files than are kept apart: ${files.refused} left out`),
    ...doubt(
      (files.differencePages ?? 0) > 0,
      "difference",
      `counters and kernel differed by ${count(files.differencePages ?? 0, "page")}; the kernel's figure is shown`,
    ),
    ...doubt(unattributed > 0, "unattributed", `${count(unattributed, "split")} without a known cause`),
    ...doubt(
      unattributed < 0,
      "overattributed",
      `${count(-unattributed, "split")} counted by stack that the kernel did not count: races for the same page`,
    ),
    ...doubt(hidden > 0, "hidden", `${count(hidden, "process", "processes")} could not be looked into`),
    ...doubt(
      holdings.scan?.partial ?? false,
      "hidden",
      "/proc does not list all processes: there may be other holders",
    ),
    ...doubt(
      inFlight > 0,
      "inFlight",
      `${count(inFlight, "descriptor")} in flight in sockets since before the start: a secret file among them is not shown`,
    ),
    ...doubt(
      scanAgeMs !== null && scanAgeMs > oldScanMs,
      "oldScan",
      `holders are as of ${Math.round((scanAgeMs ?? 0) / 1000)} s ago`,
    ),
  ];
}

const count = (n: number, one: string, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;
