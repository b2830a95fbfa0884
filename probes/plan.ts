/**
 * Catalog x kernel -> the one program to run, and a list of what it will not see. Pure: the same offer gives the same
 * plan. One attach point that fails takes a whole bpftrace program down, so only what is there is asked for.
 */
import { catalog } from "./catalog/catalog.ts";
import {
  type Choice,
  lacksTracepoint,
  type Missing,
  type Probe,
  type ProbeRoute,
  type Setting,
} from "./catalog/probe.ts";
import type { KernelOffer } from "./kernel/offer.ts";
import { composeProgram } from "./program.ts";
import type { Blind, Fact, Route, RouteChoice } from "./words.ts";

/** Keys in each in-kernel map. The collector takes dead keys out long before a map is half full. */
export const mapKeys = 16_384;

export interface Plan {
  /** bpftrace text; undefined when no probe can be attached. */
  readonly program: string | undefined;
  readonly routes: Partial<Record<Fact, Route>>;
  readonly blind: readonly Blind[];
  /** Why a fact has no route at all. */
  readonly missing: ReadonlyMap<Fact, Missing>;
  /** Facts that are shown, but for which this kernel lacks a better route, and why. */
  readonly better: readonly (Missing & { readonly fact: Fact })[];
  /** Counters that one reading prints, in this order: freed before allocated, so that a difference is never negative. */
  readonly reads: readonly string[];
  /** The collector can speak to the program: readings on demand, dead keys taken out, file sizes measured. */
  readonly commands: boolean;
  /** Processes are named by their true start, not by when they were first seen. */
  readonly exactStarts: boolean;
  /** Which probe goes by which route. */
  readonly chosen: readonly Choice[];
}

export interface PlanOptions extends Setting {
  readonly choice: RouteChoice;
  /** Whether the collector can make raw system calls, else the kernel program prints by itself. */
  readonly canCommand: boolean;
  readonly intervalMs: number;
  /** Why no probe at all can run, when that is known: no bpftrace, for instance. */
  readonly without?: Missing | undefined;
}

export function planFor(kernel: KernelOffer, options: PlanOptions): Plan {
  const blind: Blind[] = [];
  const chosen: Choice[] = [];
  const missing = new Map<Fact, Missing>();
  const better: (Missing & { fact: Fact })[] = [];
  for (const probe of catalog) {
    if (probe.detail !== undefined && probe.detail !== options.detail) continue;
    const found = chooseRoute(probe, kernel, options);
    if ("reason" in found) {
      blind.push({ fact: probe.title, reason: found.reason, remedy: found.remedy });
      missing.set(probe.fact, found);
      continue;
    }
    chosen.push({ probe, route: found });
    const best = probe.routes[0];
    const why = best === found ? undefined : best?.missing(kernel, options);
    if (why !== undefined) better.push({ fact: probe.fact, reason: why.reason, remedy: why.remedy });
  }
  const routes: Partial<Record<Fact, Route>> = {};
  for (const { probe, route } of chosen)
    routes[probe.fact] = probe.name === "process" ? (routes[probe.fact] ?? route.route) : route.route;
  // The process probe alone tells nothing of secret memory.
  const useful = chosen.some(({ probe }) => probe.name !== "process");
  const commands =
    options.canCommand && kernel.btf !== undefined && !lacksTracepoint(kernel, "syscalls:sys_enter_mincore");
  const reads = [...new Set(chosen.flatMap(({ route }) => route.reads))];
  return {
    program: useful ? composeProgram(chosen, kernel, { ...options, commands, reads }) : undefined,
    routes: useful ? routes : {},
    blind,
    missing,
    better,
    reads,
    commands,
    exactStarts: useful && kernel.btf?.member("task_struct", "start_boottime") !== undefined,
    chosen: useful ? chosen : [],
  };
}

function chooseRoute(probe: Probe, kernel: KernelOffer, options: PlanOptions): ProbeRoute | Missing {
  if (options.choice === "procfs") {
    return {
      reason: "only /proc was asked (route procfs)",
      remedy: "use probes: secretscope watch or record without --route procfs",
    };
  }
  if (options.without !== undefined) return { reason: options.without.reason, remedy: options.without.remedy };
  if (!kernel.bpf.able) return { reason: kernel.bpf.reason, remedy: kernel.bpf.remedy };
  const wanted = ordered(probe.routes, options.choice);
  const lacking: { route: ProbeRoute; missing: Missing }[] = [];
  for (const route of wanted) {
    const missing = route.missing(kernel, options);
    if (missing === undefined) return route;
    lacking.push({ route, missing });
  }
  // Tracepoints are what a kernel can most easily be given: a mount, where function probes need another kernel.
  const easiest = lacking.find(({ route }) => route.route === "tracepoint") ?? lacking[0];
  return easiest?.missing ?? { reason: "no route of the chosen kind", remedy: "leave out --route" };
}

/** Function probes first when asked for; only tracepoints when asked for; else as the probe orders them. */
function ordered(routes: readonly ProbeRoute[], choice: RouteChoice): readonly ProbeRoute[] {
  const tracepoints = routes.filter(({ route }) => route === "tracepoint");
  if (choice === "tracepoint") return tracepoints;
  if (choice === "function") return [...routes.filter(({ route }) => route !== "tracepoint"), ...tracepoints];
  return routes;
}
