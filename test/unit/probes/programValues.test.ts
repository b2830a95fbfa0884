/** Claim: what a kernel tells about itself ends in the program: fields by name, offsets from BTF, flags from its formats. */
import { describe, expect, test } from "vitest";
import { planFor } from "../../../probes/plan.ts";
import { kernel, noBtf, noKprobes, type Series } from "./kernels.ts";

const program = (series: Series, more: Parameters<typeof kernel>[1] = {}) =>
  planFor(kernel(series, more), { choice: "tracepoint", device: 14, canCommand: true, collector: 1, intervalMs: 500 })
    .program ?? "";

/** A kernel whose tracepoint lacks some fields. */
function withoutFields(name: string, fields: readonly string[]) {
  const { tracefs } = kernel("6.1");
  const tracepoint = (asked: string) => {
    const found = tracefs?.tracepoint(asked);
    if (found === undefined || asked !== name) return found;
    return { ...found, fields: new Set([...found.fields].filter((field) => !fields.includes(field))) };
  };
  return { tracefs: { path: "", tracepoint } };
}

describe("fields that a tracepoint has or has not", () => {
  test("the victim's name and uid where mark_victim has them; before, none and -1", () => {
    expect(program("6.12")).toMatch(/print\(\("oom", .*, args->uid, comm\)\)/);
    expect(program("6.12")).toContain("str(args->comm)");
    // Of the recorded kernels all have them; mainline up to 6.8 has the pid alone (include/trace/events/oom.h).
    const older = withoutFields("oom:mark_victim", ["comm", "uid"]);
    expect(program("6.1", older)).toMatch(/print\(\("oom", .*, -1, comm\)\)/);
    expect(program("6.1", older)).toContain('print(("oomVictim", @kills, ""))');
  });

  test("the last thread by group_dead where there is one, else by the count of living threads, else by tid", () => {
    expect(program("7.2")).toContain("if (args->group_dead)");
    expect(program("6.1")).toContain("->signal->live.counter == 0");
    expect(program("6.1", { ...noBtf, ...noKprobes, btf: undefined })).toContain("if (pid == tid)");
  });
});

describe("flags of the page of a split", () => {
  test.each(["6.1", "6.12", "6.18", "7.2"] as const)(
    "%s: GFP_KERNEL, with or without zeroing and compound",
    (series) => {
      // GFP_KERNEL 0xcc0, __GFP_ZERO 0x100, __GFP_COMP 0x40000: include/linux/gfp_types.h of these kernels.
      expect(program(series)).toContain(
        `(args->gfp_flags & ${0xffffffff - 0x100 - 0x40000}) == ${0xcc0} && args->order == 0`,
      );
    },
  );

  test("a kernel that does not print its flags: every order-0 allocation is looked at", () => {
    const tracefs = kernel("6.12").tracefs;
    const silent = {
      path: "",
      tracepoint: (name: string) => {
        const found = tracefs?.tracepoint(name);
        return found && { ...found, print: "" };
      },
    };
    expect(program("6.12", { tracefs: silent })).toContain("(args->gfp_flags & 0) == 0 && args->order == 0");
  });
});

describe("what BTF says", () => {
  test("start, name and memory cgroup of a process", () => {
    const text = program("6.12");
    expect(text).toContain("->group_leader->start_boottime");
    expect(text).toContain("(uint64)curtask + 3024");
    expect(text).toContain("(uint64)curtask + 3032");
    expect(text).toContain("->cgroups->subsys[4]");
  });

  test("without it: first seen for the start, no name in keys, the unified cgroup", () => {
    const text = program("6.12", { ...noBtf, ...noKprobes, btf: undefined });
    expect(text).toMatch(/\$s = nsecs/);
    expect(text).toContain("[pid, $s, 0, 0, kstack(24)]");
    expect(text).toContain(", uid, cgroup, comm");
    expect(text).not.toContain("struct ");
  });

  test("without it and without headers, the types that tracepoints name", () => {
    const without = { ...noBtf, ...noKprobes, btf: undefined };
    expect(program("6.12", without)).toMatch(/^#define bool _Bool\n#define pid_t int\n/);
    expect(program("6.12", { ...without, headers: true })).not.toContain("#define");
    expect(program("6.12")).not.toContain("#define");
  });

  test("splits by level: eight bytes a counter", () => {
    const text = planFor(kernel("6.12"), {
      choice: "auto",
      device: 14,
      canCommand: true,
      collector: 1,
      intervalMs: 500,
    });
    expect(text.program).toContain(`kaddr("vm_event_states") + ${70 * 8}`);
    expect(text.program).toContain(`kaddr("vm_event_states") + ${71 * 8}`);
  });
});

test("secret files are told by their device", () => {
  expect(program("6.12")).toContain("/args->s_dev == 14/");
});
