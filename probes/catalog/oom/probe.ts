import type { KernelOffer } from "../../kernel/offer.ts";
import { lacksFunction, lacksTracepoint, type Probe } from "../probe.ts";

/** How many memory cgroups are looked at, from the trigger's own upwards. */
const levels = 6;

/** OOM kills: victim, trigger, and what secret memory the victim's end frees. */
export const oomProbe: Probe = {
  name: "oom",
  fact: "oom",
  title: "OOM kills: victim, trigger, limit, and secret memory freed",
  routes: [
    {
      route: "tracepoint",
      missing: (kernel) => lacksTracepoint(kernel, "oom:mark_victim", "sched:sched_process_free"),
      parts: (kernel) => {
        const fields = kernel.tracefs?.tracepoint("oom:mark_victim")?.fields;
        const kill = {
          program: "tracepoint.bt",
          values: {
            // Up to 6.8 the tracepoint has the pid alone; the victim's own end then brings name and uid.
            victimUid: fields?.has("uid") ? "args->uid" : "-1",
            victimComm: fields?.has("comm") ? "str(args->comm)" : '""',
            cgroups: cgroupWalk(kernel),
          },
        };
        const constraint =
          kernel.btf?.member("oom_control", "constraint") !== undefined && !lacksFunction(kernel, "oom_kill_process");
        return constraint ? [kill, { program: "function.bt" }] : [kill];
      },
      reads: [],
      scratch: ["@victim", "@kills"],
    },
  ],
};

/** struct mem_cgroup begins with its cgroup_subsys_state (include/linux/memcontrol.h). */
function cgroupWalk(kernel: KernelOffer): string {
  const subsystem = kernel.btf?.enumerator("memory_cgrp_id");
  if (subsystem === undefined || kernel.btf?.member("mem_cgroup", "memory") === undefined) return "";
  const step = (level: number) => `
  if ((uint64)$c != 0) {
    print(("oomCgroup", @kills, ${level}, {{$c as cgroup_subsys_state: cgroup->kn->id}}, {{$c as mem_cgroup: memory.usage.counter}}, {{$c as mem_cgroup: memory.max}}));
    $c = {{$c as cgroup_subsys_state: parent}};
  }`;
  return `  $c = {{curtask as task_struct: cgroups->subsys[${subsystem}]}};${Array.from({ length: levels }, (_, i) => step(i)).join("")}`;
}
