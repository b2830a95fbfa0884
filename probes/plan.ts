/**
 * Catalog x kernel -> the one program to run, and a list of what it will not see. Pure: the same offer gives the same
 * plan. One attach point that fails takes a whole bpftrace program down, so only what is there is asked for.
 */
import { catalog } from "./catalog/catalog.ts";
import { lacksTracepoint, type Missing, type Probe, type ProbeRoute, type Setting } from "./catalog/probe.ts";
import { fill, readProgram, type Values, withoutComments } from "./compose.ts";
import type { KernelOffer } from "./kernel/offer.ts";
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
  readonly chosen: readonly { readonly probe: Probe; readonly route: ProbeRoute }[];
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
  const chosen: { probe: Probe; route: ProbeRoute }[] = [];
  const missing = new Map<Fact, Missing>();
  const better: (Missing & { fact: Fact })[] = [];
  for (const probe of catalog) {
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
  for (const { probe, route } of chosen) routes[probe.fact] = probe.name === "process" ? routes[probe.fact] ?? route.route : route.route;
  // The process probe alone tells nothing of secret memory.
  const useful = chosen.some(({ probe }) => probe.name !== "process");
  const commands = options.canCommand && kernel.btf !== undefined && !lacksTracepoint(kernel, "syscalls:sys_enter_mincore");
  const reads = [...new Set(chosen.flatMap(({ route }) => route.reads))];
  return {
    program: useful ? compose(chosen, kernel, { ...options, commands, reads }) : undefined,
    routes: useful ? routes : {},
    blind,
    missing,
    better,
    reads,
    commands,
    exactStarts: kernel.btf?.hasMember("task_struct", "start_boottime") ?? false,
    chosen: useful ? chosen : [],
  };
}

function chooseRoute(probe: Probe, kernel: KernelOffer, options: PlanOptions): ProbeRoute | Missing {
  if (options.choice === "procfs") {
    return { reason: "probes were turned off (--route procfs)", remedy: "leave out --route" };
  }
  if (options.without !== undefined) return { reason: options.without.reason, remedy: options.without.remedy };
  if (!kernel.bpf.able) return { reason: kernel.bpf.reason, remedy: kernel.bpf.remedy };
  const wanted = ordered(probe.routes, options.choice);
  let first: Missing | undefined;
  for (const route of wanted) {
    const missing = route.missing(kernel, options);
    if (missing === undefined) return route;
    first ??= missing;
  }
  return first ?? { reason: "no route of the chosen kind", remedy: "leave out --route" };
}

/** Function probes first when asked for; only tracepoints when asked for; else as the probe orders them. */
function ordered(routes: readonly ProbeRoute[], choice: RouteChoice): readonly ProbeRoute[] {
  const tracepoints = routes.filter(({ route }) => route === "tracepoint");
  if (choice === "tracepoint") return tracepoints;
  if (choice === "function") return [...routes.filter(({ route }) => route !== "tracepoint"), ...tracepoints];
  return routes;
}

interface Composition extends PlanOptions {
  readonly commands: boolean;
  readonly reads: readonly string[];
}

function compose(
  chosen: readonly { probe: Probe; route: ProbeRoute }[],
  kernel: KernelOffer,
  options: Composition,
): string {
  const common = commonValues(kernel, options);
  const sections = chosen.flatMap(({ probe, route }) =>
    route
      .parts(kernel, options)
      .map((part) => fill(readProgram(probe.name, part.program), { ...common, ...part.values })),
  );
  const scratch = [...new Set(chosen.flatMap(({ route }) => route.scratch ?? []))];
  const rotating = options.reads.filter((map) => /^@[sg]\d$/.test(map));
  const seed = seeding(chosen);
  // A map that is only read is an unknown map to bpftrace: whichever probe may be absent, these two are written here.
  const begin = `BEGIN { @gen = 0; @id[0] = nsecs; delete(@id[0]); @victim[0] = nsecs; delete(@victim[0]); ${generation(rotating, 0).map(seed).join(" ")} }`;
  const end = `END { ${[...scratch, "@gen"].map((map) => `clear(${map});`).join(" ")} }`;
  const readings = options.reads.map((map) => `print(${map});`).join(" ");
  const tick = options.commands
    ? fill(readProgram("tick", "tracepoint.bt"), {
        ...common,
        readings: `print(("tick", args->len, nsecs, @gen)); ${readings} print(("tock", args->len));`,
        removals: removals.filter(([map]) => options.reads.includes(map)).map(([, text]) => text).join("\n  "),
        rotation: rotating.length > 0 ? rotation(rotating, seed) : "",
      })
    : fill(readProgram("tick", "interval.bt"), { ...common, interval: String(options.intervalMs), readings });
  return withoutComments([begin, ...sections, tick, end].join("\n"));
}

/** Commands 2 to 4: the collector has read the last of a dead key and takes it out. */
const removals: readonly (readonly [map: string, text: string])[] = [
  ["@a", "if ($command == 2) { delete(@a[$x, args->len, (uint64)args->vec]); }"],
  ["@d", "if ($command == 3) { delete(@d[$x, args->len]); }"],
  ["@r", "if ($command == 4) { delete(@r[args->len, (uint64)args->vec, $x >> 16, $x & 0xffff]); }"],
];

type Seed = (map: string) => string;

/** An entry that is always there, so that an empty map is told apart from a line that got lost. */
function seeding(chosen: readonly { probe: Probe; route: ProbeRoute }[]): Seed {
  const counts = chosen.some(({ probe, route }) => probe.fact === "splits" && route.route === "tracepoint");
  return (map) => `${map}[0, 0, 0, 0, kstack(24)] = ${counts ? "count()" : "sum(0)"};`;
}

const generation = (maps: readonly string[], number: 0 | 1) => maps.filter((map) => map.endsWith(String(number)));

/**
 * Keys with a stack cannot be named one by one from outside, so there are two generations of these maps: 5 switches to
 * the one whose number is $x, 6 empties generation $x, which the collector asks for only once it has read it whole.
 */
function rotation(maps: readonly string[], seed: Seed): string {
  const numbers = [0, 1] as const;
  return [
    ...numbers.map((n) => `if ($command == 5 && $x == ${n}) { ${generation(maps, n).map(seed).join(" ")} @gen = ${n}; }`),
    ...numbers.map((n) => `if ($command == 6 && $x == ${n}) { ${generation(maps, n).map((map) => `clear(${map});`).join(" ")} }`),
  ].join("\n  ");
}

function commonValues(kernel: KernelOffer, options: PlanOptions): Values {
  const described = kernel.btf?.hasMember("task_struct", "start_boottime") ?? false;
  const memory = kernel.btf?.enumerator("memory_cgrp_id");
  const comm = kernel.btf?.offsetOf("task_struct", "comm");
  return {
    device: String(options.device ?? -1),
    collector: String(options.collector),
    task: "((struct task_struct *)curtask)",
    // Without BTF the time of the first sight stands for the start; the collector asks /proc for the true one.
    start: described ? "((struct task_struct *)curtask)->group_leader->start_boottime" : "nsecs",
    // The cgroup that charges memory; on a v1 hierarchy the built-in would name another one.
    cgroup:
      memory === undefined ? "cgroup" : `((struct task_struct *)curtask)->cgroups->subsys[${memory}]->cgroup->kn->id`,
    // A name as two numbers: sixteen bytes that no quoting can spoil, and a key may hold them.
    name:
      comm === undefined ? "0, 0" : `*(uint64 *)((uint64)curtask + ${comm}), *(uint64 *)((uint64)curtask + ${comm + 8})`,
    meet: "$s = @id[pid]; if ($s == 0) { $s = {{start}}; }",
    identify: `$s = @id[pid];
    if ($s == 0) { $s = {{start}}; @id[pid] = $s; print(("process", nsecs, pid, $s, uid, {{cgroup}}, comm)); }`,
    measure: kernel.btf
      ? `if ($command == 7) {
    $f = *({{task}}->files->fdt->fd + args->len);
    print(("size", nsecs, $f->f_inode->i_ino, $f->f_inode->i_sb->s_dev, $f->f_inode->i_mapping->nrpages));
  }`
      : "",
  };
}
