import { flagValue } from "../../kernel/gfp.ts";
import type { KernelOffer } from "../../kernel/offer.ts";
import type { Route } from "../../words.ts";
import { lacksFentry, lacksFunction, lacksTracepoint, type Missing, type Probe, type ProbeRoute } from "../probe.ts";

const noCounters: Missing = {
  reason: "this architecture does not count splits of the direct map (only x86 does)",
  remedy: "none: arm64 maps by page, or splits without telling",
};

/** Offsets into vm_event_states, in bytes, from the enum vm_event_item in BTF (include/linux/vm_event_item.h). */
function offsets(kernel: KernelOffer): { split2m: string; split1g: string } | undefined {
  const level2 = kernel.btf?.enumerator("DIRECT_MAP_LEVEL2_SPLIT");
  const level3 = kernel.btf?.enumerator("DIRECT_MAP_LEVEL3_SPLIT");
  return level2 === undefined || level3 === undefined
    ? undefined
    : { split2m: String(level2 * 8), split1g: String(level3 * 8) };
}

const functionRoute = (
  route: Route,
  words: readonly [enter: string, leave: string],
  missing: (kernel: KernelOffer) => Missing | undefined,
): ProbeRoute => ({
  route,
  missing: (kernel) => {
    if (!kernel.countsSplits) return noCounters;
    if (offsets(kernel) === undefined) {
      return { reason: "BTF does not tell where the kernel counts splits", remedy: "the tracepoint route" };
    }
    const data = ["__per_cpu_offset", "vm_event_states"].find((name) => !kernel.hasSymbol(name));
    if (data !== undefined) {
      return { reason: `/proc/kallsyms does not name ${data}`, remedy: "a kernel with CONFIG_KALLSYMS_ALL" };
    }
    return missing(kernel);
  },
  parts: (kernel) => [
    {
      program: "function.bt",
      values: {
        ...offsets(kernel),
        "attribute.enter": `${words[0]}:__change_page_attr_set_clr`,
        "attribute.return": `${words[1]}:__change_page_attr_set_clr`,
      },
    },
  ],
  reads: ["@s0", "@s1", "@g0", "@g1"],
  scratch: ["@depth", "@at2", "@at1"],
});

/** Who splits the direct map, with the kernel stack that asked for it. */
export const splitsProbe: Probe = {
  name: "splits",
  fact: "splits",
  title: "who splits the direct map, and through what",
  routes: [
    functionRoute("fentry", ["kfunc", "kretfunc"], (kernel) => lacksFentry(kernel, "__change_page_attr_set_clr")),
    functionRoute("kprobe", ["kprobe", "kretprobe"], (kernel) => lacksFunction(kernel, "__change_page_attr_set_clr")),
    {
      route: "tracepoint",
      missing: (kernel) => (kernel.countsSplits ? lacksTracepoint(kernel, "kmem:mm_page_alloc") : noCounters),
      parts: (kernel) => [{ program: "tracepoint.bt", values: splitFilter(kernel) }],
      reads: ["@s0", "@s1"],
    },
  ],
};

/**
 * A split's page is allocated with GFP_KERNEL; newer kernels add __GFP_ZERO and __GFP_COMP (pagetable_alloc), so these
 * two are masked out. Where the kernel does not print its flags, every order-0 allocation is looked at.
 */
function splitFilter(kernel: KernelOffer): Record<string, string> {
  const print = kernel.tracefs?.tracepoint("kmem:mm_page_alloc")?.print ?? "";
  const wanted = flagValue(print, "GFP_KERNEL");
  const zero = flagValue(print, "__GFP_ZERO") ?? 0;
  const compound = flagValue(print, "__GFP_COMP") ?? 0;
  if (wanted === undefined) return { splitMask: "0", splitFlags: "0" };
  return { splitMask: String(0xffffffff - zero - compound), splitFlags: String(wanted) };
}
