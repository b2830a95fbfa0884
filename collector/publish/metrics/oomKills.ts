/** OOM kills: how many, by which limit, and what the last one found and gave back of secret memory. */
import type { Event, OomConstraint, OomKillEvent } from "../../events.ts";
import type { Snapshot } from "../../snapshot.ts";
import type { Families } from "./families.ts";

const constraints: readonly (OomConstraint | "unknown")[] = ["none", "memcg", "cpuset", "mempolicy", "unknown"];
/** A kill is said again when more of it is known: so many are recognised. */
const mostRecognised = 1024;

export class OomKillMetrics {
  readonly #counts = new Map<string, number>(constraints.map((constraint) => [constraint, 0]));
  /** Kills since the last snapshot. */
  readonly #fresh = new Map<string, OomKillEvent>();
  readonly #counted = new Set<string>();
  /** When the first snapshot was made; kills before it are counted from it. */
  #firstNs: bigint | undefined;
  #firstVictims = new Set<number>();

  /** Every event may be handed in. */
  observeEvent(event: Event): void {
    if (event.kind !== "oomKill") return;
    const kill = `${event.epoch} ${event.kill}`;
    const inFirst =
      this.#firstNs !== undefined && event.at <= this.#firstNs && this.#firstVictims.has(event.victim.pid);
    if (!inFirst && !this.#counted.has(kill)) this.#fresh.set(kill, event);
  }

  observe({ monotonicNs, oom }: Snapshot): void {
    if (this.#firstNs === undefined) {
      this.#firstNs = BigInt(monotonicNs);
      this.#firstVictims = new Set(oom.recent.map(({ victim }) => victim.pid));
      for (const { constraint } of oom.recent) this.#count(constraint);
      this.#fresh.clear();
    }
    for (const [kill, { constraint }] of this.#fresh) {
      this.#count(constraint);
      this.#counted.add(kill);
    }
    this.#fresh.clear();
    for (const kill of this.#counted) {
      if (this.#counted.size <= mostRecognised) break;
      this.#counted.delete(kill);
    }
  }

  #count(constraint: OomConstraint | null): void {
    const label = constraint ?? "unknown";
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + 1);
  }

  write(families: Families, { oom, evidence }: Snapshot): void {
    families.counter(
      "secretscope_kernel_oom_kills_total",
      "OOM kills since boot as /proc/vmstat counts them, seen or not.",
      oom.kills,
    );
    if (evidence.route.oom === null) return;
    families.counter(
      "secretscope_oom_kills_total",
      "OOM kills seen since secretscope started, by the limit that was hit: none is the whole machine, memcg a cgroup's limit. Look at who was killed: secretscope watch, or a recording.",
      constraints.map((constraint) => ({ labels: { constraint }, value: this.#counts.get(constraint) ?? 0 })),
    );
    const last = oom.recent.at(-1);
    if (last === undefined) return;
    const time = Date.parse(last.time) / 1000;
    families.gauge(
      "secretscope_oom_last_kill_timestamp_seconds",
      "When the last OOM kill was seen.",
      time > 0 ? time : null,
    );
    families.gauge(
      "secretscope_oom_last_kill_secret_memory_bytes",
      "Secret memory when the last victim was chosen: memory that the OOM killer could only get back from its holders.",
      last.secretResidentBytes,
    );
    families.gauge(
      "secretscope_oom_last_kill_freed_secret_memory_bytes",
      "Secret memory that the end of the last victim gave back. 0 while there was some: the kill was futile as far as secret memory goes.",
      last.secretFreedBytes,
    );
  }
}
