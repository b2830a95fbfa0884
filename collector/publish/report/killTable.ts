/** OOM kills of the period, and beside each victim who really held the secret memory. */
import type { Ledger } from "../../ledger/ledger.ts";
import type { OomKill } from "../../ledger/oom.ts";
import type { HolderView, Snapshot } from "../../snapshot.ts";
import { type KillReport, mostListed } from "./report.ts";
import { wallTime } from "./wallTime.ts";

interface Look {
  readonly at: bigint;
  readonly holders: readonly HolderView[];
  /** Nobody was left out of it. */
  readonly sawAll: boolean;
}

interface Entry {
  kill: OomKill;
  readonly look: Look | undefined;
}

/** A line about a kill can come some samples late; by then its victim may be gone from the holders. */
const keepLooks = 8;
const namedHolders = 3;

export class KillTable {
  #looks: readonly Look[] = [];
  readonly #kills = new Map<string, Entry>();

  /** @param since ns; earlier kills are of the time before the period */
  sample(ledger: Ledger, { monotonicNs, secret, evidence }: Snapshot, since: bigint): void {
    for (const kill of ledger.oom.recent) {
      const { event } = kill;
      const id = `${event.epoch}:${event.kill}`;
      const known = this.#kills.get(id);
      // What the ledger works out about a kill comes at later readings.
      if (known !== undefined) known.kill = { ...kill };
      else if (event.at >= since && this.#kills.size < mostListed)
        this.#kills.set(id, { kill: { ...kill }, look: this.#looks.findLast(({ at }) => at <= event.at) });
    }
    if (ledger.holdings.scan === undefined) return;
    const sawAll = evidence.hiddenProcesses === 0 && !evidence.unlistedProcesses;
    const look = { at: BigInt(monotonicNs), holders: secret.holders, sawAll };
    this.#looks = [...this.#looks.slice(1 - keepLooks), look];
  }

  report({ clock, host }: Ledger): KillReport[] {
    const bytes = (pages: number | null) => (pages === null ? null : pages * (host?.pageBytes ?? 4096));
    return Array.from(this.#kills.values(), ({ kill: { event, residentPages, freedPages }, look }) => {
      const { pid, comm, uid, cgroup } = event.victim;
      const named = [...(look?.holders ?? [])]
        .sort((a, b) => (b.residentBytes ?? -1) - (a.residentBytes ?? -1) || a.pid - b.pid)
        .slice(0, namedHolders)
        .map((holder) => ({ pid: holder.pid, comm: holder.comm, residentBytes: holder.residentBytes }));
      return {
        time: wallTime(clock, event.at),
        victim: { pid, comm, uid, cgroup },
        trigger: { pid: event.trigger.pid, comm: event.trigger.comm },
        constraint: event.constraint,
        cgroup: event.cgroup,
        secretResidentBytes: bytes(residentPages),
        secretFreedBytes: bytes(freedPages),
        victimHeldBytes: heldBy(pid, look),
        holders: look === undefined ? null : named,
        holdersLeft: look === undefined ? 0 : look.holders.length - named.length,
      };
    });
  }
}

function heldBy(pid: number, look: Look | undefined): number | null {
  if (look === undefined) return null;
  const holder = look.holders.find((each) => each.pid === pid);
  return holder === undefined ? (look.sawAll ? 0 : null) : holder.residentBytes;
}
