import { lacksBtf, lacksFunction, lacksSecretmem, lacksTracepoint, type Probe } from "../probe.ts";

/** Pages of secret files, as they come and go: counted in the kernel by file and process. */
export const pagesProbe: Probe = {
  name: "pages",
  fact: "pages",
  title: "who allocates secret pages, and what is freed",
  routes: [
    {
      route: "tracepoint",
      missing: (kernel, { device }) =>
        device === null
          ? lacksSecretmem
          : lacksTracepoint(
              kernel,
              "filemap:mm_filemap_add_to_page_cache",
              "filemap:mm_filemap_delete_from_page_cache",
            ),
      parts: () => [{ program: "tracepoint.bt" }],
      reads: ["@d", "@a"],
    },
    {
      route: "kprobe",
      missing: (kernel, { device }) =>
        device === null
          ? lacksSecretmem
          : kernel.btf === undefined
            ? lacksBtf
            : lacksFunction(kernel, "filemap_add_folio", "truncate_inode_pages_final"),
      parts: () => [{ program: "function.bt" }],
      reads: ["@d", "@a"],
      scratch: ["@adding"],
    },
  ],
};
