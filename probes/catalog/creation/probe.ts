import type { KernelOffer } from "../../kernel/offer.ts";
import { lacksBtf, lacksFunction, lacksSecretmem, lacksTracepoint, type Probe } from "../probe.ts";

const prefix = (kernel: KernelOffer) => (kernel.architecture === "arm64" ? "__arm64_sys_" : "__x64_sys_");

/** memfd_secret(2): who made which file, and who was turned down. */
export const creationProbe: Probe = {
  name: "creation",
  fact: "creation",
  title: "who creates secret files, and which creations are refused",
  routes: [
    {
      route: "tracepoint",
      missing: (kernel, { device }) =>
        device === null
          ? lacksSecretmem
          : kernel.btf === undefined
            ? lacksBtf
            : lacksTracepoint(kernel, "syscalls:sys_exit_memfd_secret"),
      parts: () => [{ program: "tracepoint.bt" }],
      reads: ["@r"],
    },
    {
      route: "kprobe",
      missing: (kernel, { device }) =>
        device === null
          ? lacksSecretmem
          : kernel.btf === undefined
            ? lacksBtf
            : lacksFunction(kernel, `${prefix(kernel)}memfd_secret`),
      parts: (kernel) => [{ program: "function.bt", values: { syscallPrefix: prefix(kernel) } }],
      reads: ["@r"],
    },
  ],
};
