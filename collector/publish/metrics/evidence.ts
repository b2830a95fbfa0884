/** How far the other figures can be trusted, and what it costs to have them. */
import type { Snapshot } from "../../snapshot.ts";
import type { Families } from "./families.ts";

export function writeEvidence(families: Families, { evidence, host, time }: Snapshot, isLate: boolean): void {
  families.states(
    "secretscope_evidence_state",
    "1 for the word that is true now. complete: figures are exact; partial: something cannot be seen here, secretscope doctor says what; late: figures are old; lossy: something did not arrive since the start.",
    "state",
    ["complete", "partial", "late", "lossy"],
    isLate && evidence.word !== "lossy" ? "late" : evidence.word,
  );
  families.gauge(
    "secretscope_route_info",
    "How each fact is learned. A fact without a series is not seen on this host: secretscope doctor gives reason and remedy.",
    Object.entries(evidence.route).flatMap(([fact, route]) =>
      route === null || route === undefined ? [] : [{ labels: { fact, route }, value: 1 }],
    ),
  );
  families.counter(
    "secretscope_evidence_lost_lines_total",
    "Lines of the probes that were lost since the start. Totals heal by themselves; names and times of single events may be missing.",
    evidence.lost,
  );
  families.counter(
    "secretscope_probe_restarts_total",
    "How often the kernel program had to be started again. More than now and then: the log says why it died.",
    evidence.restarts,
  );
  families.gauge(
    "secretscope_evidence_gaps",
    "Times in which nothing was seen, as far as they are remembered (the last 100); splits in them have no cause.",
    evidence.gaps.length,
  );
  families.gauge(
    "secretscope_hidden_processes",
    "Processes that could not be looked into: their secret memory has no owner here. Run as root, in the host's pid namespace.",
    evidence.scanAgeMs === null ? null : evidence.hiddenProcesses,
  );
  families.gauge(
    "secretscope_holders_age_seconds",
    "Age of the last look at who holds what, when the last snapshot was made.",
    evidence.scanAgeMs === null ? null : evidence.scanAgeMs / 1000,
  );
  const made = Date.parse(time) / 1000;
  families.gauge(
    "secretscope_last_snapshot_timestamp_seconds",
    "When the figures were read. Much older than the interval: collection hangs, and the figures with it.",
    made > 0 ? made : null,
  );
  families.gauge("secretscope_host_info", "Which kernel this is, and how it limits secret memory.", [
    { labels: { kernel: host.kernel, accounting: host.accounting ?? "unknown" }, value: 1 },
  ]);
}

export function writeOwnCost(families: Families, { self }: Snapshot): void {
  families.counter(
    "secretscope_self_cpu_seconds_total",
    "CPU time of secretscope and of the bpftrace it runs. Its rate is the share of a core that watching costs.",
    self.cpuSeconds,
  );
  families.gauge(
    "secretscope_self_resident_memory_bytes",
    "Resident memory of secretscope and of the bpftrace it runs.",
    self.rssBytes > 0 ? self.rssBytes : null,
  );
  families.gauge(
    "secretscope_self_probe_seconds_per_event",
    "What one event of a probe costs the process it happens in.",
    self.probeNsPerEvent === null ? null : self.probeNsPerEvent / 1e9,
  );
}
