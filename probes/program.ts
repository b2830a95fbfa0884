/**
 * The one bpftrace program of a plan. It counts in the kernel, in maps that are never cleared but for what was read to
 * the end, and prints them when asked to; what happens once is printed at once.
 */
import type { Choice, Setting } from "./catalog/probe.ts";
import { fill, readProgram, type Values, withoutComments } from "./compose.ts";
import type { KernelOffer } from "./kernel/offer.ts";

export interface Composition extends Setting {
  /** The collector can speak to the program; else it prints by itself, every so often. */
  readonly commands: boolean;
  readonly intervalMs: number;
  /** Counters that one reading prints, in this order. */
  readonly reads: readonly string[];
}

/** The text for bpftrace: begin, one section a probe, the reading, end. */
export function composeProgram(chosen: readonly Choice[], kernel: KernelOffer, options: Composition): string {
  const common = commonValues(kernel, options);
  const sections = chosen.flatMap(({ probe, route }) =>
    route
      .parts(kernel, options)
      .map((part) => fill(readProgram(probe.name, part.program), { ...common, ...part.values }, kernel.btf)),
  );
  const scratch = [...new Set(chosen.flatMap(({ route }) => route.scratch ?? []))];
  const rotating = options.reads.filter((map) => /^@[sg]\d$/.test(map));
  const seed = seeding(chosen);
  // A map that is only read is an unknown map to bpftrace: whichever probe may be absent, these two are written here.
  const begin = `BEGIN { @gen = 0; @id[0] = nsecs; delete(@id[0]); @victim[0] = nsecs; delete(@victim[0]); ${generation(rotating, 0).map(seed).join(" ")} }`;
  const end = `END { ${[...scratch, "@gen"].map((map) => `clear(${map});`).join(" ")} }`;
  const readings = options.reads.map((map) => `print(${map});`).join(" ");
  const tick = options.commands
    ? fill(
        readProgram("tick", "tracepoint.bt"),
        {
          ...common,
          readings: `print(("tick", args->len, nsecs, @gen)); ${readings} print(("tock", args->len));`,
          removals: removals
            .filter(([map]) => options.reads.includes(map))
            .map(([, text]) => text)
            .join("\n  "),
          rotation: rotating.length > 0 ? rotation(rotating, seed) : "",
        },
        kernel.btf,
      )
    : fill(readProgram("tick", "interval.bt"), { ...common, interval: String(options.intervalMs), readings });
  return withoutComments([...typeNames(kernel), begin, ...sections, tick, end].join("\n"));
}

/**
 * Tracepoints name their fields' types. Where neither BTF nor headers define them, bpftrace 0.23 refuses the whole
 * program (0.17 does not); it knows no typedef, and where they are defined these lines would break the definitions.
 */
function typeNames({ btf, headers }: KernelOffer): readonly string[] {
  if (btf !== undefined || headers) return [];
  const types = { bool: "_Bool", pid_t: "int", uid_t: "unsigned int", dev_t: "unsigned int", size_t: "unsigned long" };
  return Object.entries(types).map(([name, type]) => `#define ${name} ${type}`);
}

/** Commands 2 to 4: the collector has read the last of a dead key and takes it out. */
const removals: readonly (readonly [map: string, text: string])[] = [
  ["@a", "if ($command == 2) { delete(@a[$x, args->len, (uint64)args->vec]); }"],
  ["@d", "if ($command == 3) { delete(@d[$x, args->len]); }"],
  ["@r", "if ($command == 4) { delete(@r[args->len, (uint64)args->vec, $x >> 16, $x & 0xffff]); }"],
];

type Seed = (map: string) => string;

/** An entry that is always there, so that an empty map is told apart from a line that got lost. */
function seeding(chosen: readonly Choice[]): Seed {
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
    ...numbers.map(
      (n) => `if ($command == 5 && $x == ${n}) { ${generation(maps, n).map(seed).join(" ")} @gen = ${n}; }`,
    ),
    ...numbers.map(
      (n) =>
        `if ($command == 6 && $x == ${n}) { ${generation(maps, n)
          .map((map) => `clear(${map});`)
          .join(" ")} }`,
    ),
  ].join("\n  ");
}

function commonValues(kernel: KernelOffer, options: Composition): Values {
  const described = kernel.btf?.member("task_struct", "start_boottime") !== undefined;
  const memory = kernel.btf?.enumerator("memory_cgrp_id");
  const comm = kernel.btf?.member("task_struct", "comm")?.offset;
  return {
    device: String(options.device ?? -1),
    collector: String(options.collector),
    // Without BTF the time of the first sight stands for the start; the collector asks /proc for the true one.
    start: described ? "{{curtask as task_struct: group_leader->start_boottime}}" : "nsecs",
    // The cgroup that charges memory; on a v1 hierarchy the built-in would name another one.
    cgroup: memory === undefined ? "cgroup" : `{{curtask as task_struct: cgroups->subsys[${memory}]->cgroup->kn->id}}`,
    // A name as two numbers: sixteen bytes that no quoting can spoil, and a key may hold them.
    name:
      comm === undefined
        ? "0, 0"
        : `*(uint64 *)((uint64)curtask + ${comm}), *(uint64 *)((uint64)curtask + ${comm + 8})`,
    meet: "$s = @id[pid]; if ($s == 0) { $s = {{start}}; }",
    identify: `$s = @id[pid];
    if ($s == 0) { $s = {{start}}; @id[pid] = $s; print(("process", nsecs, pid, $s, uid, {{cgroup}}, comm)); }`,
    measure: kernel.btf
      ? `if ($command == 7) {
    $f = {{curtask as task_struct: files->fdt->fd[args->len]}};
    print(("size", nsecs, {{$f as file: f_inode->i_ino}}, {{$f as file: f_inode->i_sb->s_dev}}, {{$f as file: f_inode->i_mapping->nrpages}}));
  }`
      : "",
  };
}
