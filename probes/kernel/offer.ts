/**
 * What the running kernel offers to probes: asked of the kernel, never inferred from its version. The plan is a pure
 * function of this, so a kernel that is not here can be described in a test.
 */
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync, readlinkSync } from "node:fs";
import { arch, release } from "node:os";
import { type Btf, readBtf } from "./btf.ts";
import { systemCalls } from "./syscalls.ts";
import { findTracefs, type Tracefs } from "./tracepoints.ts";

/** Yes, or why not and what would change it. */
export type Ability =
  | { readonly able: true }
  | { readonly able: false; readonly reason: string; readonly remedy: string };

export interface KernelOffer {
  readonly release: string;
  /** Node's name of it: x64, arm64. */
  readonly architecture: string;
  /** May load BPF programs. */
  readonly bpf: Ability;
  readonly tracefs: Tracefs | undefined;
  readonly btf: Btf | undefined;
  /** bpftrace finds the kernel's headers: without BTF they define the types that tracepoints name. */
  readonly headers: boolean;
  readonly kprobes: Ability;
  readonly fentry: Ability;
  /** Whether /proc/kallsyms names it: the condition for a kprobe on it. */
  hasSymbol(name: string): boolean;
  /** /proc/vmstat counts splits: x86 only (6.x), boot option independent. */
  readonly countsSplits: boolean;
}

/** Kernel functions and data that a route may stand on. */
export const wantedSymbols = [
  "secretmem_fault",
  "filemap_add_folio",
  "truncate_inode_pages_final",
  "__change_page_attr_set_clr",
  "__per_cpu_offset",
  "vm_event_states",
  "set_direct_map_invalid_noflush",
  "set_direct_map_default_noflush",
  "set_direct_map_valid_noflush",
  "oom_kill_process",
  "do_exit",
  "__x64_sys_memfd_secret",
  "__arm64_sys_memfd_secret",
  "__x64_sys_mincore",
  "__arm64_sys_mincore",
] as const;

const wantedBtf = {
  enumerators: ["DIRECT_MAP_LEVEL2_SPLIT", "DIRECT_MAP_LEVEL3_SPLIT", "memory_cgrp_id"],
  functions: ["secretmem_fault", "__change_page_attr_set_clr"],
  // Whatever {{x as struct: path}} in the catalog leads through.
  structs: [
    ...["task_struct", "signal_struct", "files_struct", "fdtable", "file", "inode", "super_block", "address_space"],
    ...["css_set", "cgroup_subsys_state", "cgroup", "kernfs_node", "mem_cgroup", "page_counter", "oom_control"],
  ],
};

/** BTF and kallsyms are megabytes, read when first asked for: who looks at /proc alone does without. */
export function readOffer(): KernelOffer {
  const symbols = once(readSymbols);
  const btf = once(() => readBtf(wantedBtf));
  const tracefs = findTracefs();
  return {
    release: release(),
    architecture: arch(),
    bpf: bpfAbility(),
    tracefs,
    get btf() {
      return btf();
    },
    headers: headerPlaces().some(existsSync),
    get kprobes() {
      return kprobeAbility(symbols());
    },
    get fentry() {
      return fentryAbility(btf(), tracefs);
    },
    hasSymbol: (name) => symbols().has(name),
    countsSplits: /^direct_map_level2_splits /m.test(read("/proc/vmstat")),
  };
}

function once<T>(ask: () => T): () => T {
  let answer: { readonly value: T } | undefined;
  return () => {
    answer ??= { value: ask() };
    return answer.value;
  };
}

/** Where bpftrace looks, as 0.23.2 says itself when it finds none. */
const headerPlaces = () => [
  ...[process.env.BPFTRACE_KERNEL_SOURCE ?? []].flat(),
  `/lib/modules/${release()}/source`,
  `/lib/modules/${release()}/build`,
  "/sys/kernel/kheaders.tar.xz",
];

const read = (path: string) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

/** CAP_SYS_ADMIN, or CAP_BPF with CAP_PERFMON (include/uapi/linux/capability.h: 21, 39, 38). */
function bpfAbility(): Ability {
  const effective = BigInt(`0x${/^CapEff:\s+([0-9a-f]+)$/m.exec(read("/proc/self/status"))?.[1] ?? "0"}`);
  const has = (bit: bigint) => (effective & (1n << bit)) !== 0n;
  if (!inInitialPidNamespace()) {
    return {
      able: false,
      reason: "this pid namespace has other pids than the kernel's probes speak of",
      remedy: "run it in the host's pid namespace (docker: --pid=host)",
    };
  }
  // bpftrace itself insists on uid 0 (src/main.cpp), whatever the capabilities.
  if (process.geteuid?.() !== 0) return { able: false, reason: "not root", remedy: "run it with sudo" };
  if (has(21n) || (has(39n) && has(38n))) return perfEventAbility();
  return {
    able: false,
    reason: "root without CAP_BPF and CAP_PERFMON",
    remedy: "give it all capabilities (docker: --privileged)",
  };
}

/**
 * bpftrace hears from the kernel through perf events. Debian and Ubuntu set kernel.perf_event_paranoid above 2, and their
 * kernels then want CAP_SYS_ADMIN for each; containers often filter the call. So it is tried.
 */
function perfEventAbility(): Ability {
  const calls = systemCalls();
  if (!calls.available) return { able: true };
  const event = calls.openBpfOutput(0);
  if (event.ok) closeSync(event.value);
  else if (event.code === "EACCES" || event.code === "EPERM") {
    const paranoid = read("/proc/sys/kernel/perf_event_paranoid").trim() || "?";
    return {
      able: false,
      reason: `the kernel refuses perf events (${event.code}; kernel.perf_event_paranoid is ${paranoid})`,
      remedy: "give it CAP_SYS_ADMIN, and let no seccomp filter forbid perf_event_open",
    };
  }
  return { able: true };
}

/** The first pid namespace has a fixed inode (PROC_PID_INIT_INO, include/linux/proc_ns.h). */
function inInitialPidNamespace(): boolean {
  try {
    return readlinkSync("/proc/self/ns/pid") === "pid:[4026531836]";
  } catch {
    return true;
  }
}

function kprobeAbility(symbols: ReadonlySet<string>): Ability {
  if (!existsSync("/sys/bus/event_source/devices/kprobe")) {
    return { able: false, reason: "this kernel was built without kprobes", remedy: "a kernel with CONFIG_KPROBES" };
  }
  const lockdown = /\[(\w+)\]/.exec(read("/sys/kernel/security/lockdown"))?.[1];
  if (lockdown === "confidentiality") {
    return {
      able: false,
      reason: "the kernel is locked down (confidentiality)",
      remedy: "boot with lockdown=none or integrity",
    };
  }
  if (symbols.size === 0) {
    return { able: false, reason: "/proc/kallsyms names no function", remedy: "set kernel.kptr_restrict to 1 or less" };
  }
  return { able: true };
}

function fentryAbility(btf: Btf | undefined, tracefs: Tracefs | undefined): Ability {
  if (btf === undefined) {
    return { able: false, reason: "no BTF at /sys/kernel/btf/vmlinux", remedy: "a kernel with CONFIG_DEBUG_INFO_BTF" };
  }
  const functions = `${tracefs?.path ?? "/sys/kernel/tracing"}/available_filter_functions`;
  try {
    accessSync(functions, constants.R_OK);
    closeSync(openSync(functions, "r"));
    return { able: true };
  } catch {
    return {
      able: false,
      reason: `the kernel does not let its functions be traced (${functions} cannot be opened)`,
      remedy: "a kernel that is not locked down, with CONFIG_FUNCTION_TRACER",
    };
  }
}

/** Only the wanted ones are kept: kallsyms has some 200 000 lines. */
function readSymbols(): ReadonlySet<string> {
  const text = read("/proc/kallsyms");
  return new Set(wantedSymbols.filter((name) => text.includes(` ${name}\n`)));
}
