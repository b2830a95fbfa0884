/** What happened once, as sentences: found in the difference of two snapshots, so that a replay tells the same story. */
import {
  type HolderView,
  mostRefusedProcesses,
  type OomKillView,
  type RefusedProcessView,
  type Snapshot,
} from "../../../collector/snapshot.ts";
import { counted, formatCount } from "../../text/counts.ts";
import { refusalText } from "../../text/refusals.ts";
import { formatBytes } from "../../text/sizes.ts";
import { holdersOf } from "./holderIndex.ts";
import { unheldKey } from "./holderRows.ts";
import { splitKey } from "./splitRows.ts";

export interface Happening {
  /** ISO 8601. */
  readonly time: string;
  readonly weight: "normal" | "warning" | "bad";
  /** One word: holder, split, refused, oom, alert, evidence, host, notice. */
  readonly what: string;
  /** Holds names of processes as they are: make it safe before it is shown. */
  readonly text: string;
  readonly pid: number | null;
}

/** More of one sort at once is told as a number. */
const mostOfASort = 8;

export const oomKey = ({ time, victim }: OomKillView): string => `${time}:${victim.pid}`;

export function happenings(before: Snapshot | undefined, now: Snapshot): readonly Happening[] {
  if (before === undefined) return [started(now)];
  return [
    ...holderChanges(before, now),
    ...refusals(before, now),
    ...newCauses(before, now),
    ...kills(before, now),
    ...wholeHost(before, now),
    ...evidenceChanges(before, now),
  ].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

const named = ({ comm, pid }: { readonly comm: string; readonly pid: number }) => `${comm || "?"} [${pid}]`;

function started(now: Snapshot): Happening {
  const { secret, time } = now;
  const size = secret.residentBytes === null ? "an unknown amount" : formatBytes(secret.residentBytes);
  const text = `watching begins: ${size} of secret memory, ${counted(secret.holders.length, "holder")}`;
  return { time, weight: "normal", what: "start", text, pid: null };
}

function holderChanges(before: Snapshot, now: Snapshot): Happening[] {
  const [was, is] = [holdersOf(before), holdersOf(now)];
  const missingIn = (other: typeof was, all: typeof was) => {
    const missing: HolderView[] = [];
    for (const [key, holder] of all) if (!other.has(key)) missing.push(holder);
    return missing;
  };
  const [came, went] = [missingIn(was, is), missingIn(is, was)];
  return [
    ...told(now.time, "holder", came, (each) => `${named(each)} holds ${amount(each)}`, "new holders"),
    ...told(now.time, "holder", went, (each) => `${named(each)} let go of ${amount(each)}`, "holders let go"),
  ];
}

const amount = ({ residentBytes, descriptors }: HolderView) =>
  residentBytes === null || residentBytes > 0 || descriptors === 0
    ? `${formatBytes(residentBytes)} of secret memory`
    : "a secret file without pages";

function told<T extends { readonly pid: number | null }>(
  time: string,
  what: string,
  all: readonly T[],
  text: (each: T) => string,
  summary: string,
  weight: Happening["weight"] = "normal",
): Happening[] {
  if (all.length > mostOfASort)
    return [{ time, weight, what, text: `${formatCount(all.length)} ${summary}`, pid: null }];
  return all.map((each) => ({ time, weight, what, text: text(each), pid: each.pid }));
}

/** Whoever asked, holder or not. Counts only grow, and those of processes that are not listed are told as a number. */
function refusals(before: Snapshot, now: Snapshot): Happening[] {
  const nameOf = ({ pid, startTicks, what, code }: RefusedProcessView) => `${pid}:${startTicks} ${what} ${code}`;
  const was = new Map(before.secret.refusedProcesses.map((each) => [nameOf(each), each.count]));
  const isWhole = before.secret.refusedProcesses.length < mostRefusedProcesses;
  const all = total(now) - total(before);
  const grown = now.secret.refusedProcesses.flatMap((each) => {
    const earlier = was.get(nameOf(each));
    // Not on a list that was full: how much of its count is new nobody can say.
    if (earlier === undefined && !isWhole) return [];
    return each.count > (earlier ?? 0) ? [{ ...each, count: each.count - (earlier ?? 0) }] : [];
  });
  const text = (each: (typeof grown)[number]) =>
    `${named(each)} was refused: ${refusalText(each, now.host.accounting)}`;
  const rest = all - grown.reduce((sum, { count }) => sum + count, 0);
  return [
    ...told(now.time, "refused", grown, text, "processes were refused", "warning"),
    ...told(
      now.time,
      "refused",
      rest > 0 ? [{ pid: null }] : [],
      () => `${counted(rest, "refusal")} more`,
      "",
      "warning",
    ),
  ];
}

const total = ({ secret }: Snapshot) => secret.refusals.reduce((sum, { count }) => sum + count, 0);

function newCauses(before: Snapshot, now: Snapshot): Happening[] {
  const was = new Set(before.splitCauses.map(splitKey));
  const fresh = new Map(
    now.splitCauses.filter((each) => !was.has(splitKey(each))).map((each) => [splitKey(each), each]),
  );
  const text = ({ own, level, cause, ...who }: Snapshot["splitCauses"][number]) =>
    `${own ? "secretscope's own probes" : named(who)}: first split of ${level === null ? "a" : `a ${level.toUpperCase()}`} mapping, by ${cause}`;
  return told(now.time, "split", [...fresh.values()], text, "new causes of splits");
}

function kills(before: Snapshot, now: Snapshot): Happening[] {
  const was = new Set(before.oom.recent.map(oomKey));
  const seen = now.oom.recent
    .filter((kill) => !was.has(oomKey(kill)))
    .map((kill): Happening => {
      const freed =
        kill.secretFreedBytes === null ? "" : `, ${formatBytes(kill.secretFreedBytes)} of secret memory freed`;
      const text = `OOM killed ${named(kill.victim)}, set off by ${named(kill.trigger)}${freed}`;
      return { time: kill.time, weight: "bad", what: "oom", text, pid: kill.victim.pid };
    });
  const counter = (now.oom.kills ?? 0) - (before.oom.kills ?? now.oom.kills ?? 0);
  if (seen.length > 0 || counter <= 0) return seen;
  const text = `${counted(counter, "OOM kill")} counted by the kernel; who and why was not seen`;
  return [{ time: now.time, weight: "bad", what: "oom", text, pid: null }];
}

function wholeHost(before: Snapshot, now: Snapshot): Happening[] {
  const found: Happening[] = [];
  const say = (weight: Happening["weight"], what: string, text: string) =>
    found.push({ time: now.time, weight, what, text, pid: null });
  if (before.hibernation.blocked !== now.hibernation.blocked && now.hibernation.blocked !== null) {
    say("normal", "host", now.hibernation.blocked ? "hibernation is blocked from now on" : "hibernation is free again");
  }
  const [was, is] = [before.secret.unheldBytes ?? 0, now.secret.unheldBytes ?? 0];
  if (was === 0 && is > 0) say("warning", unheldKey, `${formatBytes(is)} of secret memory is held by no process`);
  if (was > 0 && is === 0) say("normal", unheldKey, "no secret memory without a holder any more");
  return found;
}

function evidenceChanges({ evidence: was }: Snapshot, { evidence: is, time }: Snapshot): Happening[] {
  const found: Happening[] = [];
  const say = (weight: Happening["weight"], text: string) =>
    found.push({ time, weight, what: "evidence", text, pid: null });
  for (const gap of is.gaps.slice(was.gaps.length)) say("warning", `nothing was seen for a while: ${gap.reason}`);
  if (is.lost > was.lost)
    say("warning", `${counted(is.lost - was.lost, "printed line")} lost; totals are not affected`);
  if (is.restarts > was.restarts) say("warning", "the probes were started again");
  if (is.complete && !was.complete) say("normal", "evidence is complete again");
  return found;
}
