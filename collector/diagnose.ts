/** Puts the doctor's answer together: what this host offers, what the best plan for it shows, and what it would not see. */
import { hostname, release } from "node:os";
import { lacksSecretmem } from "../probes/catalog/probe.ts";
import { type Plan, planFor } from "../probes/plan.ts";
import { type Diagnosis, diagnosisSchema, type FactDiagnosis } from "./diagnosis.ts";
import type { Fact } from "./events.ts";
import { lackOfBpftrace } from "./lackOfBpftrace.ts";
import { Machine } from "./machine.ts";
import { kernelSample } from "./sources/procfs/kernelSample.ts";
import { unseenProcesses } from "./sources/procfs/visibility.ts";

export interface DiagnoseOptions {
  readonly bpftrace?: string | undefined;
}

/** In the order of the screen. A fact that a probe learns and that has no line here does not compile. */
const probeFacts: Readonly<Record<Fact, string>> = {
  pages: "who allocates secret pages, and what is freed",
  creation: "who creates secret files",
  refusals: "mappings of secret files that are refused",
  faults: "faults that are refused, and what a fault costs",
  splits: "who splits the direct map",
  oom: "what an OOM kill achieved",
  requests: "requests to take pages out of the direct map",
  blocks: "which 2M block each page is taken from (record --detail page)",
};

/** @throws CannotRun without /proc: nothing could be told from anything then. */
export async function diagnose(options: DiagnoseOptions = {}): Promise<Diagnosis> {
  const machine = new Machine();
  machine.host();
  const { kernel, secretmem, calls } = machine;
  const finding = await machine.findBpftrace(options.bpftrace);
  const without = lackOfBpftrace(finding);
  const plan = planFor(kernel, {
    choice: "auto",
    device: secretmem.available ? secretmem.device.sDev : null,
    canCommand: calls.available,
    collector: process.pid,
    intervalMs: 1_000,
    without,
    detail: "page",
  });
  const unseen = unseenProcesses();
  const root = process.geteuid?.() === 0;
  return {
    schema: diagnosisSchema,
    time: new Date().toISOString(),
    host: { name: hostname(), kernel: release(), architecture: process.arch },
    secretmem: secretmem.available
      ? { available: true, accounting: secretmem.accounting, reason: null, remedy: null }
      : { available: false, accounting: null, reason: secretmem.reason, remedy: secretmem.remedy },
    bpftrace: {
      path: "path" in finding ? finding.path : null,
      version: "version" in finding ? finding.version.text : null,
      reason: without?.reason ?? null,
      remedy: without?.remedy ?? null,
    },
    kernel: [
      ability("BPF", kernel.bpf),
      {
        name: "BTF",
        value: kernel.btf ? "yes" : "no",
        limits: kernel.btf ? null : "no exact names of processes, no creators of files",
      },
      {
        name: "tracefs",
        value: kernel.tracefs?.path ?? "not mounted",
        limits: kernel.tracefs ? null : "no tracepoints",
      },
      ability("kprobes", kernel.kprobes),
      ability("fentry", kernel.fentry),
      { name: "system calls", value: calls.available ? "yes" : "no", limits: calls.available ? null : calls.reason },
      {
        name: "root",
        value: root ? "yes" : "no",
        limits: root ? null : "no probes, and no look into other users' processes",
      },
      ...unseen.map(({ fact, reason }) => ({ name: fact, value: "not visible", limits: reason })),
    ],
    facts: [
      ...procfsFacts(root, unseen),
      ...Object.entries(probeFacts).map(([fact, title]) => probeFact(fact as Fact, title, plan)),
    ],
    blind: [...plan.blind, ...unseen],
  };
}

function ability(name: string, value: { able: true } | { able: false; reason: string; remedy: string }) {
  return { name, value: value.able ? "yes" : "no", limits: value.able ? null : value.reason };
}

function probeFact(fact: Fact, title: string, plan: Plan): FactDiagnosis {
  const route = plan.routes[fact] ?? null;
  const better = plan.better.find((candidate) => candidate.fact === fact);
  const missing = plan.blind.find((blind) => blind.fact === title) ?? plan.missing.get(fact);
  if (route === null) {
    return { fact, title, route, reason: missing?.reason ?? lacksSecretmem.reason, remedy: missing?.remedy ?? null };
  }
  return { fact, title, route, reason: better?.reason ?? null, remedy: better?.remedy ?? null };
}

function procfsFacts(root: boolean, unseen: readonly { reason: string; remedy: string }[]): FactDiagnosis[] {
  const sample = kernelSample(new Machine().now());
  const first = unseen[0];
  const limited =
    first ?? (root ? undefined : { reason: "not root: only processes of this user", remedy: "run it with sudo" });
  const shown = (fact: FactDiagnosis["fact"], title: string, there: boolean, reason: string): FactDiagnosis => ({
    fact,
    title,
    route: there ? "procfs" : null,
    reason: there ? null : reason,
    remedy: there ? null : "none: this architecture does not say",
  });
  return [
    {
      fact: "holders",
      title: "who holds secret memory",
      route: "procfs",
      reason: limited?.reason ?? null,
      remedy: limited?.remedy ?? null,
    },
    shown(
      "directMapSizes",
      "size of the direct map by page size",
      sample.directMapBytes["4k"] !== null,
      "/proc/meminfo has no DirectMap lines",
    ),
    shown(
      "splitTotals",
      "how often the direct map was split",
      sample.splits["2m"] !== null,
      "/proc/vmstat has no split counters",
    ),
    {
      fact: "hibernation",
      title: "whether secret memory blocks hibernation",
      route: "procfs",
      reason: limited?.reason ?? null,
      remedy: limited?.remedy ?? null,
    },
  ];
}
