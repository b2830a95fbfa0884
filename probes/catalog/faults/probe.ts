import type { KernelOffer } from "../../kernel/offer.ts";
import type { Route } from "../../words.ts";
import {
  lacksFentry,
  lacksFunction,
  lacksSecretmem,
  lacksTracepoint,
  type Missing,
  type Probe,
  type ProbeRoute,
} from "../probe.ts";

const functionRoute = (
  route: Route,
  words: readonly [enter: string, leave: string],
  missing: (kernel: KernelOffer) => Missing | undefined,
): ProbeRoute => ({
  route,
  missing: (kernel, { device }) => (device === null ? lacksSecretmem : missing(kernel)),
  parts: () => [
    {
      program: "function.bt",
      values: { "fault.enter": `${words[0]}:secretmem_fault`, "fault.return": `${words[1]}:secretmem_fault` },
    },
  ],
  reads: ["@r", "@q", "@ql"],
  scratch: ["@faulting"],
});

/** Faults on secret memory: refused ones on every route; return codes and latency where functions can be probed. */
export const faultsProbe: Probe = {
  name: "faults",
  fact: "faults",
  title: "faults on secret memory that are refused, and what a fault costs",
  routes: [
    functionRoute("fentry", ["kfunc", "kretfunc"], (kernel) => lacksFentry(kernel, "secretmem_fault")),
    functionRoute("kprobe", ["kprobe", "kretprobe"], (kernel) => lacksFunction(kernel, "secretmem_fault")),
    {
      route: "tracepoint",
      missing: (kernel, { device }) =>
        device === null ? lacksSecretmem : lacksTracepoint(kernel, "signal:signal_generate"),
      parts: () => [{ program: "tracepoint.bt" }],
      reads: ["@r"],
    },
  ],
};
