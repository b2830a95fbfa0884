/** Kernels described for the plan: tracepoints as recorded (test/fixtures/formats), everything else as the test says. */
import { existsSync, readFileSync } from "node:fs";
import type { Btf } from "../../../probes/kernel/btf.ts";
import { type KernelOffer, wantedSymbols } from "../../../probes/kernel/offer.ts";
import { parseFormat, type Tracefs } from "../../../probes/kernel/tracepoints.ts";

export const recordedSeries = ["6.1", "6.12", "6.18", "7.2"] as const;
export type Series = (typeof recordedSeries)[number];

/** Of a kernel that was recorded, as tracefs has it; without the tracepoints named. */
export function recordedTracefs(series: Series, without: readonly string[] = []): Tracefs {
  return {
    path: `recorded ${series}`,
    tracepoint(name) {
      const file = new URL(`../../fixtures/formats/${series}/${name.replace(":", "/")}/format`, import.meta.url);
      return existsSync(file) && !without.includes(name) ? parseFormat(readFileSync(file, "utf8")) : undefined;
    },
  };
}

const members: Readonly<Record<string, readonly string[]>> = {
  task_struct: ["start_boottime", "comm"],
  signal_struct: ["live"],
  mem_cgroup: ["memory"],
  oom_control: ["constraint"],
};

export function describedBtf(more: Partial<Btf> = {}): Btf {
  const values: Readonly<Record<string, number>> = {
    DIRECT_MAP_LEVEL2_SPLIT: 70,
    DIRECT_MAP_LEVEL3_SPLIT: 71,
    memory_cgrp_id: 4,
  };
  return {
    enumerator: (name) => values[name],
    hasFunction: (name) => ["secretmem_fault", "__change_page_attr_set_clr"].includes(name),
    member: (struct, member) =>
      members[struct]?.includes(member) ? { offset: 3024, type: { kind: "other" } } : undefined,
    ...more,
  };
}

const able = { able: true } as const;
const no = (reason: string) => ({ able: false, reason, remedy: "another kernel" }) as const;

/** Everything there is, on x86-64. */
export function kernel(series: Series, more: Partial<KernelOffer> = {}): KernelOffer {
  return {
    release: `${series}.0`,
    architecture: "x64",
    bpf: able,
    tracefs: recordedTracefs(series),
    btf: describedBtf(),
    headers: false,
    kprobes: able,
    fentry: able,
    hasSymbol: (name) => (wantedSymbols as readonly string[]).includes(name) && !name.startsWith("__arm64"),
    countsSplits: true,
    ...more,
  };
}

export const noKprobes = {
  kprobes: no("this kernel was built without kprobes"),
  fentry: no("functions cannot be traced"),
};
export const noFentry = { fentry: no("functions cannot be traced") };
export const noBtf = { btf: undefined, fentry: no("no BTF at /sys/kernel/btf/vmlinux") };
export const notRoot = { bpf: { able: false, reason: "not root", remedy: "run it with sudo" } } as const;

/** No split counters, other names of system calls. */
export const arm64: Partial<KernelOffer> = {
  architecture: "arm64",
  countsSplits: false,
  hasSymbol: (name) => !name.startsWith("__x64") && name !== "__change_page_attr_set_clr",
};
