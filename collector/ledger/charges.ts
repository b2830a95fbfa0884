/**
 * Which cgroup pays for secret memory: that of the process whose touch made the page (mm/filemap.c, filemap_add_folio
 * charges current's), until the page is freed, even when that process has ended, moved or let go. Only pages that came
 * while the probes counted have a payer: who paid for earlier ones, the kernel tells nobody.
 */
import type { ChargeView } from "../snapshot.ts";
import type { SecretFile } from "./files.ts";
import type { Ledger } from "./ledger.ts";
import type { ProcessKey } from "./processes.ts";

/** The largest first. To be asked once somebody has looked at who holds what, and while pages are counted. */
export function chargeViews(ledger: Ledger, pageBytes: number): ChargeView[] {
  const sums = new Map<string | null, { pages: number; withoutHolder: number }>();
  for (const file of ledger.files.all) {
    const holders = cgroupsOfHolders(ledger, file);
    const isSettled = !isOpen(ledger, file, holders.length > 0);
    for (const [cgroup, pages] of paidPages(ledger, file, holders.includes(null))) {
      const sum = sums.get(cgroup) ?? { pages: 0, withoutHolder: 0 };
      sum.pages += pages;
      if (cgroup !== null && isSettled && !holders.some((holder) => isWithin(holder, cgroup))) {
        sum.withoutHolder += pages;
      }
      sums.set(cgroup, sum);
    }
  }
  return Array.from(sums, ([cgroup, { pages, withoutHolder }]) => ({
    cgroup,
    bytes: pages * pageBytes,
    withoutHolderBytes: cgroup === null ? null : withoutHolder * pageBytes,
  })).sort((a, b) => b.bytes - a.bytes || ((a.cgroup ?? "") < (b.cgroup ?? "") ? -1 : 1));
}

/** Pages of a file by who pays for them; null: it cannot be said. */
function paidPages(ledger: Ledger, file: SecretFile, isUnclear: boolean): Map<string | null, number> {
  const resident = file.resident ?? 0;
  // What there was before a gap may be freed since; only a measure tells.
  if (!file.verified) return new Map(file.resident === 0 ? [] : [[null, resident]]);
  const paid = new Map<string | null, number>();
  let [named, unnamed] = [0, file.allocatedByEnded];
  for (const [key, pages] of file.allocators) {
    const cgroup = isUnclear ? null : payer(ledger, key);
    // While a file goes, its pages are fewer than those that came.
    const most = Math.min(pages, resident);
    if (cgroup === null) unnamed += most;
    if (cgroup === null || most === 0) continue;
    named += most;
    paid.set(cgroup, (paid.get(cgroup) ?? 0) + most);
  }
  // Of a file made under the probes' eyes every page came since then, also those that nobody saw come.
  const rest = file.creator === null ? Math.min(unnamed, resident - named) : resident - named;
  return rest > 0 ? paid.set(null, rest) : paid;
}

/** null: not known, or it was in two cgroups and nobody saw in which one it touched the page. */
function payer({ processes }: Ledger, key: ProcessKey): string | null {
  const known = processes.get(key);
  return known === undefined || known.cgroupBefore !== null ? null : known.cgroup;
}

/** null: of one of them it is not known. */
const cgroupsOfHolders = ({ holdings, processes }: Ledger, { inode }: SecretFile) =>
  Array.from(holdings.holdersOf(inode), (key) => processes.get(key)?.cgroup ?? null);

/**
 * The last look at all began before there was this file, or before the last of its known holders let it go: its maker, a
 * child or a receiver may have it.
 */
function isOpen({ holdings: { scan } }: Ledger, { since, lastHeld }: SecretFile, isHeld: boolean): boolean {
  return scan === undefined || scan.began <= (isHeld ? since : lastHeld);
}

/** The cgroup itself, or one below: what is charged there counts here, too. Everybody is within the root. */
const isWithin = (holder: string | null, cgroup: string) =>
  holder !== null && (holder === cgroup || holder.startsWith(cgroup.endsWith("/") ? cgroup : `${cgroup}/`));
