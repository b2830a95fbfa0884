/** The rows of the Holders panel: one for each holder or group, filtered, sorted, with unheld memory on top. */

import { type LimitUse, limitUse, nearness } from "../../../collector/memlock.ts";
import type { HolderView, Snapshot } from "../../../collector/snapshot.ts";
import { cgroupName } from "../../text/cgroup-name.ts";
import { type UserName, userNames } from "../../text/user-name.ts";
import { filterOf } from "./filter.ts";
import { holderKey } from "./holderIndex.ts";

export type Grouping = "none" | "user" | "cgroup";

export interface HolderRow {
  /** Stays the same while the process lives. */
  readonly key: string;
  readonly kind: "holder" | "group" | "unheld";
  /** Processes in it; 1 for a holder. */
  readonly processes: number;
  readonly pid: number | null;
  readonly user: string | null;
  readonly comm: string;
  /** The name that people know the cgroup by. */
  readonly place: string | null;
  readonly residentBytes: number | null;
  readonly proportionalBytes: number | null;
  readonly allocatedBytes: number | null;
  readonly perSecond: number | null;
  readonly descriptors: number | null;
  readonly mappings: number | null;
  readonly limit: HolderView["memlockLimitBytes"];
  readonly use: LimitUse;
  /** How near the limit: 0 to 1 and beyond. */
  readonly near: number | null;
  readonly refused: number | null;
}

export const unheldKey = "unheld";

export interface HolderRowOptions {
  readonly filter: string;
  readonly group: Grouping;
  readonly descending: boolean;
}

type Value = (row: HolderRow) => number | string | null;

/** @param value what to sort by; unknown comes last in either direction */
export function holderRows(
  snapshot: Snapshot,
  rates: ReadonlyMap<string, number> | null,
  { filter, group, descending }: HolderRowOptions,
  value: Value,
): readonly HolderRow[] {
  const use = limitUse(snapshot);
  const userName = userNames(snapshot.host);
  const passes = filterOf(filter);
  const all = filter.trim() === "";
  const singles: HolderRow[] = [];
  for (const holder of snapshot.secret.holders) {
    const row = single(holder, rates, use, userName);
    if (all || passes({ ...row, cgroup: `${holder.cgroup ?? ""} ${row.place ?? ""}` })) singles.push(row);
  }
  const rows = group === "none" ? singles : grouped(singles, group);
  const sorted = sortRows(rows, value, descending);
  const unheld = snapshot.secret.unheldBytes;
  return unheld !== null && unheld > 0 && all ? [unheldRow(unheld), ...sorted] : sorted;
}

/** Unknown last; equals in the order of pids, so that rows do not dance. */
export function sortRows<Row extends { readonly key: string; readonly pid: number | null }>(
  rows: readonly Row[],
  value: (row: Row) => number | string | null,
  descending: boolean,
): Row[] {
  const keyed = rows.map((row) => ({ row, value: value(row) }));
  const sign = descending ? -1 : 1;
  keyed.sort((a, b) => {
    if (a.value !== b.value) {
      if (a.value === null) return 1;
      if (b.value === null) return -1;
      return a.value < b.value ? -sign : sign;
    }
    return (a.row.pid ?? 0) - (b.row.pid ?? 0) || (a.row.key < b.row.key ? -1 : 1);
  });
  return keyed.map(({ row }) => row);
}

// Thousands of holders share a few cgroups, and naming one costs seven patterns.
const places = new Map<string, string>();
const mostPlaces = 4096;

export function placeOf(cgroup: string | null): string | null {
  if (cgroup === null) return null;
  const known = places.get(cgroup);
  if (known !== undefined) return known;
  if (places.size >= mostPlaces) places.clear();
  const name = cgroupName(cgroup);
  places.set(cgroup, name);
  return name;
}

function single(
  holder: HolderView,
  rates: ReadonlyMap<string, number> | null,
  useOf: (holder: HolderView) => LimitUse,
  userName: UserName,
): HolderRow {
  const key = holderKey(holder);
  const use = useOf(holder);
  return {
    key,
    kind: "holder",
    processes: 1,
    pid: holder.pid,
    user: holder.uid === null ? null : userName(holder.uid),
    comm: holder.comm,
    place: placeOf(holder.cgroup),
    residentBytes: holder.residentBytes,
    proportionalBytes: holder.proportionalBytes,
    allocatedBytes: holder.allocatedBytes,
    perSecond: rates === null || holder.allocatedBytes === null ? null : (rates.get(key) ?? 0),
    descriptors: holder.descriptors,
    mappings: holder.mappings,
    limit: holder.memlockLimitBytes,
    use,
    near: nearness(use, holder.memlockLimitBytes),
    refused: holder.refused,
  };
}

function unheldRow(bytes: number): HolderRow {
  return {
    key: unheldKey,
    kind: "unheld",
    processes: 0,
    pid: null,
    user: null,
    comm: "held by no process",
    place: null,
    residentBytes: bytes,
    proportionalBytes: null,
    allocatedBytes: null,
    perSecond: null,
    descriptors: null,
    mappings: null,
    limit: null,
    use: null,
    near: null,
    refused: null,
  };
}

function grouped(rows: readonly HolderRow[], by: "user" | "cgroup"): HolderRow[] {
  const groups = new Map<string, HolderRow[]>();
  for (const row of rows) {
    const name = (by === "user" ? row.user : row.place) ?? "?";
    const members = groups.get(name);
    if (members === undefined) groups.set(name, [row]);
    else members.push(row);
  }
  return [...groups].map(([name, members]) => groupRow(name, members, by));
}

function groupRow(name: string, members: readonly HolderRow[], by: "user" | "cgroup"): HolderRow {
  // A sum over something unknown is unknown.
  const add = (figure: (row: HolderRow) => number | null) =>
    members.reduce<number | null>((total, row) => {
      const more = figure(row);
      return total === null || more === null ? null : total + more;
    }, 0);
  const nearest = members.reduce<number | null>(
    (most, { near }) => (near === null ? most : Math.max(most ?? 0, near)),
    null,
  );
  return {
    key: `${by}:${name}`,
    kind: "group",
    processes: members.length,
    pid: null,
    user: by === "user" ? name : same(members.map(({ user }) => user)),
    comm: `${members.length} ${members.length === 1 ? "process" : "processes"}`,
    place: by === "cgroup" ? name : same(members.map(({ place }) => place)),
    // Shared pages are resident in each: only the proportional figure adds up to what there is.
    residentBytes: add((row) => row.residentBytes),
    proportionalBytes: add((row) => row.proportionalBytes),
    allocatedBytes: add((row) => row.allocatedBytes),
    perSecond: add((row) => row.perSecond),
    descriptors: add((row) => row.descriptors),
    mappings: add((row) => row.mappings),
    limit: null,
    use: null,
    near: nearest,
    refused: add((row) => row.refused),
  };
}

const same = (values: readonly (string | null)[]): string | null =>
  values.every((value) => value === values[0]) ? (values[0] ?? null) : "several";
