/** The ledger as data: the snapshot contract, filled. Unknown is null and never 0. */
import type { KernelSample, SplitLevel } from "../events.ts";
import {
  type DirectMapView,
  type FileView,
  type HolderView,
  type OomKillView,
  type SecretView,
  type Snapshot,
  type SplitCauseView,
  snapshotSchema,
} from "../snapshot.ts";
import type { MonotonicNs } from "../units.ts";
import { chargeViews } from "./charges.ts";
import { evidenceOf } from "./evidence.ts";
import type { Ledger } from "./ledger.ts";
import { type ProcessKey, processKey } from "./processes.ts";
import { refusalViews, refusedProcessViews } from "./refusalViews.ts";

export function view(ledger: Ledger): Snapshot {
  const timeOf = wallClock(ledger);
  const pageBytes = ledger.host?.pageBytes ?? 4096;
  const secret = secretView(ledger, pageBytes, timeOf);
  const causes = splitCauses(ledger, timeOf);
  const held = secret.holders.map(({ pid }) => pid);
  return {
    schema: snapshotSchema,
    time: timeOf(ledger.now),
    monotonicNs: String(ledger.now),
    host: {
      name: ledger.host?.name ?? "",
      kernel: ledger.host?.kernel ?? "",
      bootId: ledger.host?.bootId ?? "",
      memoryBytes: ledger.host?.memoryBytes ?? 0,
      accounting: ledger.host?.accounting ?? null,
      redacted: ledger.host?.redacted ?? false,
    },
    evidence: evidenceOf(ledger, timeOf),
    directMap: directMapView(ledger, causes),
    splitCauses: causes,
    secret,
    oom: {
      kills: ledger.kernel?.oomKills ?? null,
      recent: ledger.oom.recent.map(
        ({ event, residentPages, freedPages }): OomKillView => ({
          time: timeOf(event.at),
          victim: { ...event.victim },
          trigger: { pid: event.trigger.pid, comm: event.trigger.comm },
          constraint: event.constraint,
          cgroup: event.cgroup,
          secretResidentBytes: residentPages === null ? null : residentPages * pageBytes,
          secretFreedBytes: freedPages === null ? null : freedPages * pageBytes,
        }),
      ),
    },
    hibernation: {
      // A file in flight or held by the kernel blocks as well; only a look at all processes can say that none does.
      blocked: held.length > 0 || secret.files.length > 0 ? true : hasSeenAll(ledger) ? false : null,
      by: held,
    },
    requests: ledger.requests.totals,
    self: {
      cpuSeconds: ledger.self?.cpuSeconds ?? 0,
      rssBytes: ledger.self?.rssBytes ?? 0,
      probeNsPerEvent: ledger.self?.probeNsPerEvent ?? null,
    },
  };
}

const countsPages = ({ epoch, plan }: Ledger) => epoch > 0 && plan?.routes.pages !== undefined;

const hasSeenAll = ({ holdings, plan }: Ledger) =>
  holdings.scan !== undefined && holdings.scan.hidden === 0 && !holdings.scan.partial && !plan?.inFlight;

function wallClock({ clock }: Ledger): (at: MonotonicNs) => string {
  if (clock === undefined) return () => new Date(0).toISOString();
  return (at) => new Date(clock.wall + Number((at - clock.at) / 1_000_000n)).toISOString();
}

const unknownLevels = { "2m": null, "1g": null } as const;

function directMapView({ kernel, splits }: Ledger, causes: readonly SplitCauseView[]): DirectMapView {
  const since = (level: SplitLevel) => splits.since(level);
  const counted = (sample: KernelSample | undefined) => sample?.splits ?? unknownLevels;
  return {
    bytes: kernel?.directMapBytes ?? { "4k": null, "2m": null, "1g": null },
    splits: counted(kernel),
    collapses: kernel?.collapses ?? unknownLevels,
    sinceStart: {
      splits: { "2m": since("2m"), "1g": since("1g") },
      own: since("2m") === null ? unknownLevels : { "2m": ownSplits(causes, "2m"), "1g": ownSplits(causes, "1g") },
    },
  };
}

/** By attaching, and by bpftrace while it runs. null: some of which nobody knows the level. */
function ownSplits(causes: readonly SplitCauseView[], level: SplitLevel): number | null {
  const own = causes.filter((cause) => cause.own);
  if (own.some((cause) => cause.level === null)) return null;
  return own.reduce((sum, cause) => sum + (cause.level === level ? cause.count : 0), 0);
}

function splitCauses(ledger: Ledger, timeOf: (at: MonotonicNs) => string): SplitCauseView[] {
  const rows: SplitCauseView[] = [];
  for (const entry of ledger.splits.entries) {
    const { pid, comm } = nameOf(ledger, entry.process);
    for (const [level, count] of Object.entries(entry.counts)) {
      if (count === 0) continue;
      rows.push({
        cause: entry.cause,
        pid,
        comm,
        level: level === "unknown" ? null : (level as SplitLevel),
        count,
        stack: entry.stack,
        own: ledger.ownPids.has(pid),
        last: timeOf(entry.last),
      });
    }
  }
  for (const level of ["2m", "1g"] as const) {
    const count = ledger.splits.own[level];
    if (count === 0) continue;
    const pid = ledger.probesPid ?? 0;
    rows.push({
      cause: "bpf",
      pid,
      comm: "secretscope",
      level,
      count,
      stack: [],
      own: true,
      last: timeOf(ledger.attachedAt),
    });
  }
  return rows.sort((a, b) => b.count - a.count || a.pid - b.pid);
}

function nameOf(ledger: Ledger, key: ProcessKey): { pid: number; comm: string } {
  const [pid = "0"] = key.split(":");
  return { pid: Number(pid), comm: ledger.processes.get(key)?.comm ?? "" };
}

function secretView(ledger: Ledger, pageBytes: number, timeOf: (at: MonotonicNs) => string): SecretView {
  const files: FileView[] = [];
  let resident: number | null = 0;
  // Without counters nobody can know of pages that no process shows, nor of those of processes that cannot be seen.
  const counted = countsPages(ledger);
  // While they do not run, a file without a holder may be gone; where others are not even listed, they may have it.
  const knowsHolders = counted && ledger.attached && ledger.holdings.scan?.partial === false;
  let unheld: number | null = knowsHolders ? 0 : null;
  for (const file of ledger.files.all) {
    const pages = file.resident;
    resident = resident === null || pages === null ? null : resident + pages;
    // One that was not measured since a gap may have been freed in it.
    const isSure = pages === 0 || file.verified;
    if (ledger.isUnheld(file)) unheld = unheld === null || pages === null || !isSure ? null : unheld + pages;
    files.push({
      device: ledger.device ?? "",
      inode: file.inode,
      creatorPid: file.creator?.pid ?? null,
      residentBytes: pages === null ? null : pages * pageBytes,
      holders: [...ledger.holdings.holdersOf(file.inode)].map((key) => nameOf(ledger, key).pid),
    });
  }
  return {
    residentBytes: (counted || hasSeenAll(ledger)) && resident !== null ? resident * pageBytes : null,
    unheldBytes: unheld === null ? null : unheld * pageBytes,
    holders: holderViews(ledger, pageBytes),
    charges: knowsHolders ? chargeViews(ledger, pageBytes) : null,
    files: files.sort((a, b) => (b.residentBytes ?? 0) - (a.residentBytes ?? 0) || a.inode - b.inode),
    refusals: ledger.refusals.totals,
    refusedProcesses: refusedProcessViews(ledger, timeOf),
  };
}

function holderViews(ledger: Ledger, pageBytes: number): HolderView[] {
  const allocated = new Map<ProcessKey, number>();
  for (const file of ledger.files.all) {
    for (const [key, pages] of file.allocators) allocated.set(key, (allocated.get(key) ?? 0) + pages);
  }
  const counting = countsPages(ledger);
  const views: HolderView[] = [];
  for (const [key, files] of ledger.holdings.byProcess) {
    const samples = [...files.values()];
    const first = samples[0];
    if (first === undefined) continue;
    const known = ledger.processes.get(key);
    const refusals = refusalViews(ledger, key);
    const sum = (figure: (sample: (typeof samples)[number]) => number | null) =>
      samples.reduce<number | null>((total, sample) => {
        const value = figure(sample);
        return total === null || value === null ? null : total + value;
      }, 0);
    views.push({
      pid: first.pid,
      startTicks: first.started,
      comm: known?.comm ?? "",
      uid: known?.uid ?? null,
      cgroup: known?.cgroup ?? null,
      residentBytes: sum((sample) => sample.residentBytes),
      proportionalBytes: sum((sample) => sample.proportionalBytes),
      allocatedBytes: counting ? (allocated.get(processKey(first)) ?? 0) * pageBytes : null,
      descriptors: sum((sample) => sample.descriptors) ?? 0,
      mappings: sum((sample) => sample.mappings) ?? 0,
      mappedBytes: sum((sample) => sample.mappedBytes) ?? 0,
      memlockLimitBytes: first.memlockLimitBytes,
      refused: refusals.reduce((total, { count }) => total + count, 0),
      refusals,
    });
  }
  return views.sort((a, b) => (b.residentBytes ?? 0) - (a.residentBytes ?? 0) || a.pid - b.pid);
}
