/** The rows of the Who splits panel: one for a cause, a process and a level, however many stacks led there. */
import type { SplitCauseView } from "../../../collector/snapshot.ts";
import { filterOf } from "./filter.ts";
import { sortRows } from "./holderRows.ts";

export interface SplitRow {
  readonly key: string;
  readonly pid: number;
  readonly comm: string;
  readonly cause: SplitCauseView["cause"];
  readonly level: SplitCauseView["level"];
  readonly own: boolean;
  readonly count: number;
  /** ISO 8601, when the count last grew. */
  readonly last: string;
  readonly stacks: readonly { readonly count: number; readonly stack: readonly string[] }[];
}

export const splitKey = ({ cause, pid, level, own }: Pick<SplitCauseView, "cause" | "pid" | "level" | "own">): string =>
  `${cause}:${pid}:${level ?? "?"}:${own ? "own" : ""}`;

export function splitRows(
  causes: readonly SplitCauseView[],
  filter: string,
  value: (row: SplitRow) => number | string | null,
  descending: boolean,
): readonly SplitRow[] {
  const rows = new Map<string, SplitRow>();
  for (const each of causes) {
    const key = splitKey(each);
    const before = rows.get(key);
    const stack = each.stack.length === 0 ? [] : [{ count: each.count, stack: each.stack }];
    rows.set(key, {
      key,
      pid: each.pid,
      comm: each.comm,
      cause: each.cause,
      level: each.level,
      own: each.own,
      count: each.count + (before?.count ?? 0),
      last: before !== undefined && before.last > each.last ? before.last : each.last,
      stacks: [...(before?.stacks ?? []), ...stack],
    });
  }
  const passes = filterOf(filter);
  const found = [...rows.values()].filter(({ pid, comm, cause }) =>
    passes({ pid, comm, user: null, cgroup: null, more: cause }),
  );
  return sortRows(found, value, descending);
}
