/** What the kernel turned down. */
import type { RefusalView, Snapshot } from "../../snapshot.ts";
import type { Families, Series } from "./families.ts";
import { labelValue } from "./labelValue.ts";

/** Three kinds of request and a handful of errnos each; what comes beyond this shares one series a kind. */
const mostReasons = 64;

/** There from the start, at 0: a rate sees the first refusal only where a series was before it. */
const usual: readonly Pick<RefusalView, "what" | "code">[] = [
  { what: "create", code: "EMFILE" },
  { what: "create", code: "ENOMEM" },
  { what: "map", code: "EAGAIN" },
  { what: "fault", code: "SIGBUS" },
];

export function writeRefusals(families: Families, { secret, evidence }: Snapshot): void {
  const isSeen = (what: RefusalView["what"]) =>
    (evidence.route[what === "fault" ? "faults" : "refusals"] ?? null) !== null;
  const isNew = ({ what, code }: (typeof usual)[number]) =>
    !secret.refusals.some((each) => each.what === what && each.code === code);
  const none = usual.filter((each) => isSeen(each.what) && isNew(each)).map((each) => ({ ...each, count: 0 }));
  const reasons = [...secret.refusals, ...none].sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1));
  const named = reasons.slice(0, mostReasons);
  const rest = new Map<string, number>();
  for (const { what, count } of reasons.slice(mostReasons)) rest.set(what, (rest.get(what) ?? 0) + count);
  families.counter(
    "secretscope_refusals_total",
    "Requests for secret memory that the kernel turned down since secretscope started: what was asked (create, map, fault) and the answer. EAGAIN and SIGBUS are mostly RLIMIT_MEMLOCK, see secretscope_memlock_use_ratio.",
    [
      ...named.map(({ what, code, count }) => series(what, labelValue(code), count)),
      ...Array.from(rest, ([what, count]) => series(what, "other", count)),
    ],
  );
}

const series = (what: string, code: string, value: number): Series => ({ labels: { what, code }, value });
