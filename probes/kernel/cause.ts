/**
 * What kind of code asked for a split, read from its kernel stack. Function names from mm/secretmem.c,
 * kernel/module/, kernel/bpf/, mm/execmem.c, arch/x86/mm/pat/set_memory.c, drivers/gpu/drm/ttm.
 */
import type { SplitCause } from "../words.ts";

/** Without one of these in it a stack of a page allocation is no split. */
const splitting = ["__change_page_attr", "__split_large_page", "split_large_page"];

/** First match wins: the more particular asks first, since secretmem and bpf reach set_memory through common code. */
const causes: readonly (readonly [SplitCause, RegExp])[] = [
  ["secretmem", /^secretmem_|^set_direct_map_.*secretmem/],
  ["bpf", /^(bpf_|__bpf_|arch_bpf_|__x64_sys_bpf|__sys_bpf|do_jit|alloc_new_pack)/],
  [
    "tracing",
    /^(ftrace_|arch_ftrace_|create_trampoline|arch_prepare_optimized_kprobe|__register_kprobe|register_kprobe|kprobe_|alloc_insn_page|__get_insn_slot|register_ftrace)/,
  ],
  [
    "module",
    /^(load_module|init_module_from_file|idempotent_init_module|do_init_module|do_free_init|module_enable_|module_set_memory|free_module|frob_|module_memory_|delete_module|__x64_sys_finit_module|__x64_sys_init_module|__x64_sys_delete_module)/,
  ],
  ["gpu", /^(ttm_|set_pages_array_|drm_|i915_|amdgpu_|nouveau_|agp_)/],
  ["execmem", /^(execmem_|vm_reset_perms|text_poke|set_vm_flush_reset_perms)/],
];

/** Frame without offset: `secretmem_fault+221` is `secretmem_fault`; compiler suffixes (.isra.0) go too. */
export function symbolOf(frame: string): string {
  return frame
    .replace(/\s*\[.*$/, "")
    .replace(/\+(0x)?[0-9a-f]+$/i, "")
    .replace(/\.(isra|constprop|part|cold)\b.*$/, "");
}

/** Whether this stack of an order-0 allocation is the page-table page of a split. */
export function isSplit(stack: readonly string[]): boolean {
  return stack.some((frame) => splitting.some((name) => symbolOf(frame).startsWith(name)));
}

export function causeOf(stack: readonly string[]): SplitCause {
  const symbols = stack.map(symbolOf);
  for (const [cause, pattern] of causes) if (symbols.some((symbol) => pattern.test(symbol))) return cause;
  return "other";
}

/** OOM_constraint by the stack, when the kernel does not say it: a memory cgroup's OOM passes mem_cgroup_out_of_memory. */
export function isCgroupOom(stack: readonly string[]): boolean | null {
  if (stack.length === 0) return null;
  return stack.some((frame) => /^(mem_cgroup_out_of_memory|mem_cgroup_oom|try_charge_memcg)/.test(symbolOf(frame)));
}

/**
 * Printed stack to frames: no addresses, no tracing glue above the kernel's own first frame. bpftrace 0.23 escapes what
 * stands in a map's key twice, so a newline may come as backslash and n.
 */
export function framesOf(printed: string): string[] {
  return printed
    .split(/\n|\\n/)
    .map((line) => line.trim())
    .filter(
      (line) =>
        line !== "" &&
        !/^0x[0-9a-f]+$/i.test(line) &&
        !/^(bpf_prog_|bpf_trampoline_|perf_trace_|trace_event_|bpf_get_stackid)/.test(line),
    )
    .map(hexOffset);
}

/** bpftrace prints offsets in decimal; the field writes symbol+0x1f. */
function hexOffset(frame: string): string {
  return frame.replace(
    /\+(\d+)(\s|$)/,
    (_, offset: string, rest: string) => `+0x${Number(offset).toString(16)}${rest}`,
  );
}
