/** Claim: what kind of code asked for a split is read right from stacks as real kernels print them. */
import { describe, expect, test } from "vitest";
import { causeOf, framesOf, isCgroupOom, isSplit, symbolOf } from "../../../probes/kernel/cause.ts";

/** Recorded in the lab's guests, innermost first (test/fixtures/bpftrace/RELEASE/product-*.jsonl); the tails are cut. */
const recorded: readonly (readonly [cause: string, kernel: string, stack: string])[] = [
  [
    "secretmem",
    "6.1",
    "__alloc_pages < __change_page_attr_set_clr < set_direct_map_invalid_noflush < secretmem_fault < __do_fault",
  ],
  [
    "secretmem",
    "7.2",
    "alloc_pages_noprof < __change_page_attr_set_clr < set_direct_map_invalid_noflush < secretmem_fault < __do_fault",
  ],
  [
    "module",
    "6.1",
    "__change_page_attr_set_clr < change_page_attr_set_clr < set_memory_ro < module_enable_ro < load_module < __do_sys_finit_module",
  ],
  [
    "module",
    "6.12",
    "__change_page_attr_set_clr < set_memory_rox < module_enable_text_rox < load_module < init_module_from_file",
  ],
  [
    "module",
    "7.2",
    "__change_page_attr_set_clr < set_memory_nx < execmem_alloc_rw < load_module < init_module_from_file < idempotent_init_module",
  ],
  [
    "bpf",
    "6.1",
    "__change_page_attr_set_clr < set_memory_ro < __bpf_trampoline_link_prog < bpf_tracing_prog_attach < __sys_bpf",
  ],
  [
    "bpf",
    "6.12",
    "__change_page_attr_set_clr < set_direct_map_invalid_noflush < vfree < arch_bpf_trampoline_size < bpf_link_free < __fput",
  ],
  [
    "tracing",
    "6.1",
    "__change_page_attr_set_clr < set_memory_ro < arch_ftrace_update_trampoline < register_ftrace_function < arm_kprobe < perf_kprobe_init",
  ],
  [
    "tracing",
    "7.2",
    "__change_page_attr_set_clr < set_memory_nx < execmem_alloc_rw < arch_ftrace_update_trampoline < ftrace_startup < arm_kprobe",
  ],
  [
    "execmem",
    "7.2",
    "__change_page_attr_set_clr < set_memory_nx < __execmem_cache_free < execmem_free < process_one_work",
  ],
  ["other", "6.12", "__change_page_attr_set_clr < set_memory_uc < ioremap_change_attr < vfs_ioctl"],
];

const stackOf = (text: string) => text.split(" < ").map((symbol) => `${symbol}+0x1f`);

test.each(recorded)("%s on %s: %s", (cause, _, text) => {
  expect(isSplit(stackOf(text))).toBe(true);
  expect(causeOf(stackOf(text))).toBe(cause);
});

// kernel/module/main.c, do_free_init: frees the init sections of modules, later, in a worker.
test.each([
  "__change_page_attr_set_clr < set_direct_map_invalid_noflush < __vunmap < do_free_init < process_one_work",
  "__change_page_attr_set_clr < set_memory_nx < __execmem_cache_free < execmem_free < do_free_init < process_one_work",
])("module, though freed later in a worker: %s", (text) => {
  expect(causeOf(stackOf(text))).toBe("module");
});

test("an allocation that is no split, whatever asked for it", () => {
  // Recorded on 6.1 under modprobe and under bpftrace.
  for (const text of [
    "__alloc_pages < __get_free_pages < ftrace_process_locs < load_module",
    "__alloc_pages < bpf_check",
  ]) {
    expect(isSplit(stackOf(text))).toBe(false);
  }
  expect(isSplit([])).toBe(false);
});

describe("frames", () => {
  test("offsets in hexadecimal, blanks and addresses and the tracing's own frames left out", () => {
    const printed = `
        bpf_prog_c716823dda3d098e_sched+15319
        perf_trace_run_bpf_submit+99
        __change_page_attr_set_clr+415
        0xffffffffc0123456
        init_module+5 [tun]
        entry_SYSCALL_64_after_hwframe+118
`;
    expect(framesOf(printed)).toEqual([
      "__change_page_attr_set_clr+0x19f",
      "init_module+0x5 [tun]",
      "entry_SYSCALL_64_after_hwframe+0x76",
    ]);
  });

  test.each([
    ["secretmem_fault+221", "secretmem_fault"],
    ["secretmem_fault+0xdd", "secretmem_fault"],
    ["secretmem_fault", "secretmem_fault"],
    ["do_execveat_common.isra.0+386", "do_execveat_common"],
    ["split_large_page.constprop.0+0x1", "split_large_page"],
    ["init_module+0x5 [tun]", "init_module"],
  ])("%s is in %s", (frame, symbol) => {
    expect(symbolOf(frame)).toBe(symbol);
  });
});

test("an OOM is a cgroup's by its stack; without a stack nobody can say", () => {
  expect(isCgroupOom(["oom_kill_process+0x1", "mem_cgroup_out_of_memory+0x5", "try_charge_memcg+0x6"])).toBe(true);
  expect(isCgroupOom(["oom_kill_process+0x1", "out_of_memory+0x5", "__alloc_pages+0x6"])).toBe(false);
  expect(isCgroupOom([])).toBeNull();
});
