import { lacksFunction, lacksTracepoint, type Probe } from "../probe.ts";

/** Names of the processes met, their ends, and where OOM victims were. Every other probe leans on it. */
export const processProbe: Probe = {
  name: "process",
  fact: "pages",
  title: "names and ends of the processes met",
  routes: [
    {
      route: "tracepoint",
      missing: (kernel) => lacksTracepoint(kernel, "sched:sched_process_exit", "task:task_rename"),
      parts: (kernel) => [
        {
          program: "tracepoint.bt",
          values: {
            // The field is there since 6.16; before, the count of living threads tells (kernel/exit.c, do_exit).
            lastThread: kernel.tracefs?.tracepoint("sched:sched_process_exit")?.fields.has("group_dead")
              ? "args->group_dead"
              : kernel.btf?.member("signal_struct", "live") !== undefined
                ? "{{curtask as task_struct: signal->live.counter}} == 0"
                : "pid == tid",
          },
        },
      ],
      reads: [],
      scratch: ["@id"],
    },
    {
      route: "kprobe",
      missing: (kernel) => lacksFunction(kernel, "do_exit"),
      parts: (kernel) => [
        { program: "function.bt" },
        ...(kernel.btf !== undefined && lacksFunction(kernel, "__set_task_comm") === undefined
          ? [{ program: "rename.bt" }]
          : []),
      ],
      reads: [],
      scratch: ["@id"],
    },
  ],
};
