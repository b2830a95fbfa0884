/** The two rows that are said once and nest: the machine and the plan, as JSON in the column `detail`, checked. */
import type { Accounting, Blind, HostEvent, PlanEvent, Route } from "../events.ts";
import { bytes } from "../units.ts";
import { Damaged } from "./damage.ts";

type Host = Omit<HostEvent, "kind" | "at">;
type Plan = Omit<PlanEvent, "kind" | "at">;

/** @throws Damaged */
export function hostDetail(json: string): Host {
  const host = object(parse(json));
  const accounting = host.accounting ?? null;
  if (accounting !== null && accounting !== "mlock" && accounting !== "user") throw wrong("host");
  return {
    name: text(host.name),
    kernel: text(host.kernel),
    bootId: text(host.bootId),
    memoryBytes: bytes(number(host.memoryBytes)),
    pageBytes: bytes(number(host.pageBytes)),
    accounting: accounting satisfies Accounting | null,
    secretDevice: host.secretDevice === null ? null : text(host.secretDevice),
    ...(host.redacted === true ? { redacted: true } : {}),
  };
}

const routes: ReadonlySet<unknown> = new Set<Route>(["tracepoint", "fentry", "kprobe", "procfs"]);

/** @throws Damaged */
export function planDetail(json: string): Plan {
  const plan = object(parse(json));
  const chosen = Object.entries(object(plan.routes));
  if (!chosen.every(([fact, route]) => routes.has(route) && /^[a-z]{1,32}$/.test(fact)) || !Array.isArray(plan.blind)) {
    throw wrong("plan");
  }
  return {
    routes: Object.fromEntries(chosen) as Plan["routes"],
    blind: plan.blind.map(blind),
    intervalMs: number(plan.intervalMs),
    ...(plan.inFlight === undefined ? {} : { inFlight: number(plan.inFlight) }),
  };
}

function blind(value: unknown): Blind {
  const { fact, reason, remedy } = object(value);
  return { fact: text(fact), reason: text(reason), remedy: text(remedy) };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw wrong("detail");
  }
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong("detail");
  return value as Readonly<Record<string, unknown>>;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw wrong("detail");
  return value;
}

function number(value: unknown): number {
  if (typeof value !== "number") throw wrong("detail");
  return value;
}

const wrong = (what: string) => new Damaged(`a ${what} that cannot be`);
