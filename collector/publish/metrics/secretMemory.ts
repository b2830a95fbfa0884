/** Secret memory: how much, and whose, as the largest few and the rest. */
import { nearestToLimit } from "../../alerts/figures/limits.ts";
import { knowsHolders } from "../../alerts/figures/reading.ts";
import { chargedWithoutHolder } from "../../alerts/figures/secretMemory.ts";
import { partOf } from "../../memlock.ts";
import type { HolderView, Snapshot } from "../../snapshot.ts";
import type { Families, Series } from "./families.ts";
import { labelValue } from "./labelValue.ts";
import { type Amounts, StableTop } from "./stableTop.ts";

/** How many of each have a series of their own. */
export interface TopLimits {
  readonly cgroups: number;
  readonly users: number;
  /** 0: no series with a pid in it. */
  readonly processes: number;
}

const other = "other";
/** Between parts of a key; labelValue lets no such character through. */
const apart = "\n";

export class SecretMemoryMetrics {
  readonly #cgroups: StableTop;
  readonly #users: StableTop;
  readonly #processes: StableTop;
  readonly #hasProcesses: boolean;
  readonly #nameOf: (uid: number) => string | null;

  /** @param nameOf the name of a user, null where there is none */
  constructor(limits: TopLimits, nameOf: (uid: number) => string | null) {
    this.#cgroups = new StableTop(limits.cgroups);
    this.#users = new StableTop(limits.users);
    this.#processes = new StableTop(limits.processes);
    this.#hasProcesses = limits.processes > 0;
    this.#nameOf = nameOf;
  }

  observe({ monotonicNs, secret: { holders } }: Snapshot): void {
    const now = BigInt(monotonicNs);
    this.#cgroups.observe(
      now,
      sums(holders, ({ cgroup }) => (cgroup === null ? "?" : labelValue(cgroup))),
    );
    this.#users.observe(
      now,
      sums(holders, ({ uid }) => (uid === null ? "?" : String(uid))),
    );
    if (!this.#hasProcesses) return;
    this.#processes.observe(
      now,
      sums(holders, ({ pid, comm }) => `${pid}${apart}${labelValue(comm)}`),
    );
  }

  write(families: Families, snapshot: Snapshot): void {
    const { secret, host } = snapshot;
    families.gauge(
      "secretscope_secret_memory_bytes",
      "Secret memory that exists now. Nothing can reclaim, move or swap it: compare with secretscope_host_memory_bytes before it becomes the reason for an OOM kill.",
      secret.residentBytes,
    );
    families.gauge(
      "secretscope_secret_memory_unheld_bytes",
      "Secret memory that no process has open or mapped. More than moments of it is a leak: descriptors in a socket that nobody reads, or the kernel.",
      secret.unheldBytes,
    );
    families.gauge(
      "secretscope_secret_memory_charged_without_holder_bytes",
      "Secret memory, come since secretscope started, that a cgroup is charged for and none of its processes has open or mapped: of the cgroup with most. Its limit meets whoever starts there next; charges in /snapshot name it.",
      chargedWithoutHolder(snapshot).value,
    );
    families.gauge(
      "secretscope_host_memory_bytes",
      "RAM of this host, to make shares of the other figures.",
      host.memoryBytes > 0 ? host.memoryBytes : null,
    );
    families.gauge(
      "secretscope_hibernation_blocked",
      "1: the kernel refuses to hibernate because of secret memory; see who holds it. 0: it does not.",
      snapshot.hibernation.blocked === null ? null : Number(snapshot.hibernation.blocked),
    );
    // Nobody has looked yet, or could not: no holders is not the answer.
    if (!knowsHolders(snapshot)) return;
    families.gauge("secretscope_holders", "Processes that have secret memory open or mapped.", secret.holders.length);
    families.gauge("secretscope_secret_files", "Secret files that exist.", secret.files.length);
    families.gauge(
      "secretscope_memlock_use_ratio",
      "Use of RLIMIT_MEMLOCK by whoever is nearest to it. At 1 the next allocation is refused: raise the limit or find the leak.",
      nearestToLimit(snapshot).value,
    );
    this.#writeOwners(families);
  }

  #writeOwners(families: Families): void {
    families.gauge(
      "secretscope_cgroup_secret_memory_bytes",
      "Secret memory by cgroup of the holders, shared pages divided among them: the largest, and all others as other. Find the container or unit that grows.",
      [
        ...this.#cgroups.top.map(([cgroup, value]) => ({ labels: { cgroup }, value })),
        { labels: { cgroup: other }, value: this.#cgroups.other },
      ],
    );
    families.gauge(
      "secretscope_user_secret_memory_bytes",
      "Secret memory by user of the holders, shared pages divided among them: the largest, and all others as other.",
      [
        ...this.#users.top.map(([uid, value]) => ({ labels: { uid, user: this.#userName(uid) }, value })),
        { labels: { uid: other, user: other }, value: this.#users.other },
      ],
    );
    if (!this.#hasProcesses) return;
    families.gauge(
      "secretscope_process_secret_memory_bytes",
      "Secret memory by process, as asked for by the configuration: the largest, and all others as other. Series end with their process.",
      [
        ...this.#processes.top.map(([key, value]): Series => {
          const [pid = "", comm = ""] = key.split(apart);
          return { labels: { pid, comm }, value };
        }),
        { labels: { pid: other, comm: other }, value: this.#processes.other },
      ],
    );
  }

  #userName(uid: string): string {
    const name = uid === "?" ? null : this.#nameOf(Number(uid));
    return name === null ? uid : labelValue(name);
  }
}

function sums(holders: readonly HolderView[], keyOf: (holder: HolderView) => string): Amounts {
  const found = new Map<string, number | null>();
  for (const holder of holders) {
    const key = keyOf(holder);
    const [before = 0, bytes] = [found.get(key), partOf(holder)];
    found.set(key, before === null || bytes === null ? null : before + bytes);
  }
  return found;
}
