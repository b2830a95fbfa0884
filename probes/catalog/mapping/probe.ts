import { lacksBtf, lacksSecretmem, lacksTracepoint, type Probe } from "../probe.ts";

/** mmap(2) of a secret file that the kernel turns down: EAGAIN is RLIMIT_MEMLOCK under the old accounting model. */
export const mappingProbe: Probe = {
  name: "mapping",
  fact: "refusals",
  title: "mappings of secret files that are refused",
  routes: [
    {
      route: "tracepoint",
      missing: (kernel, { device }) =>
        device === null
          ? lacksSecretmem
          : kernel.btf === undefined
            ? lacksBtf
            : lacksTracepoint(kernel, "syscalls:sys_enter_mmap", "syscalls:sys_exit_mmap"),
      parts: () => [{ program: "tracepoint.bt" }],
      reads: ["@r"],
      scratch: ["@mapping"],
    },
  ],
};
