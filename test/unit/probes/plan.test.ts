/** Claim: the plan attaches only what this kernel has, and says by name, with a remedy, what will not be seen. */
import { describe, expect, test } from "vitest";
import { catalog } from "../../../probes/catalog/catalog.ts";
import type { KernelOffer } from "../../../probes/kernel/offer.ts";
import { type Plan, type PlanOptions, planFor } from "../../../probes/plan.ts";
import { arm64, kernel, noBtf, noFentry, noKprobes, notRoot, recordedSeries, recordedTracefs } from "./kernels.ts";
import { attachPoints, isBalanced, mapsPrinted, mapsUsed, mapsWritten } from "./programText.ts";

const usual: PlanOptions = { choice: "auto", device: 14, canCommand: true, collector: 4711, intervalMs: 1000 };
const plan = (offer: KernelOffer, more: Partial<PlanOptions> = {}) => planFor(offer, { ...usual, ...more });
/** Titles of the probes that this detail asks for. */
const wanted = (detail: PlanOptions["detail"]) =>
  catalog.filter((probe) => probe.detail === undefined || probe.detail === detail).map(({ title }) => title);
const blindTo = ({ blind }: Plan) => blind.map(({ fact, reason }) => `${fact}: ${reason}`);

/** Kernels by what they lack. */
const kernels: readonly (readonly [string, KernelOffer, Partial<PlanOptions>])[] = [
  ...recordedSeries.map((series) => [`${series}, all there`, kernel(series), {}] as const),
  ...recordedSeries.map((series) => [`${series} without fentry`, kernel(series, noFentry), {}] as const),
  ...recordedSeries.map((series) => [`${series} without kprobes`, kernel(series, noKprobes), {}] as const),
  ["no BTF", kernel("6.12", noBtf), {}],
  ["no BTF and no kprobes", kernel("6.12", { ...noBtf, ...noKprobes, btf: undefined }), {}],
  ["no tracefs but kprobes", kernel("6.12", { tracefs: undefined }), {}],
  ["no tracefs and no BTF", kernel("6.12", { ...noBtf, tracefs: undefined }), {}],
  ["arm64", kernel("6.12", arm64), {}],
  ["arm64 without BTF", kernel("6.12", { ...arm64, ...noBtf }), {}],
  ["no secret memory", kernel("6.12"), { device: null }],
  ["no raw system calls", kernel("6.12"), { canCommand: false }],
  ["no mincore tracepoint", kernel("6.12", { tracefs: recordedTracefs("6.12", ["syscalls:sys_enter_mincore"]) }), {}],
  ["only tracepoints wanted", kernel("6.12"), { choice: "tracepoint" }],
  ["functions wanted", kernel("6.12"), { choice: "function" }],
  ...recordedSeries.map((series) => [`${series}, every page`, kernel(series), { detail: "page" }] as const),
  ["no BTF, every page", kernel("6.12", noBtf), { detail: "page" }],
  ["functions wanted, and every page", kernel("6.12"), { choice: "function", detail: "page" }],
];

describe.each(kernels)("%s", (_, offer, more) => {
  const { program = "", ...made } = plan(offer, more);

  test("attaches only what is there", () => {
    const points = attachPoints(program);
    expect(points.length).toBeGreaterThan(1);
    for (const point of points) {
      const [kind = "", ...rest] = point.split(":");
      if (kind === "tracepoint") expect(offer.tracefs?.tracepoint(rest.join(":")), point).toBeDefined();
      else if (/^kret?probe|^kprobe/.test(kind)) {
        expect(offer.kprobes.able, point).toBe(true);
        expect(offer.hasSymbol(rest[0] ?? ""), point).toBe(true);
      } else if (/^kfunc|^kretfunc/.test(kind)) {
        expect(offer.fentry.able, point).toBe(true);
        expect(offer.btf?.hasFunction(rest[0] ?? ""), point).toBe(true);
      } else expect(point).toMatch(/^interval:ms:1000$/);
    }
  });

  test("is well formed: no place left open, every bracket closed, every map written that is read", () => {
    expect(program).not.toMatch(/\{\{|\}\}\}|undefined|NaN|null/);
    expect(isBalanced(program)).toBe(true);
    expect(mapsUsed(program).filter((map) => !mapsWritten(program).includes(map))).toEqual([]);
    expect(program).not.toMatch(/^\s*\/\//m);
  });

  test("what is written at the start only so that bpftrace knows the map is taken out again", () => {
    const begin = /^BEGIN \{.*$/m.exec(program)?.[0] ?? "";
    const written = [...begin.matchAll(/(@\w+\[0\]) = /g)].map(([, entry = ""]) => entry);
    expect(written).toContain("@id[0]");
    for (const entry of written) expect(begin).toContain(`delete(${entry})`);
  });

  test("a reading prints the counters of the chosen routes, what was freed first", () => {
    expect(mapsPrinted(program)).toEqual([...made.reads].sort());
    if (made.reads.includes("@a")) expect(program.indexOf("print(@d)")).toBeLessThan(program.indexOf("print(@a)"));
  });

  test("each probe goes by one route or is missing, and what is missing has a reason and a remedy", () => {
    const chosen = made.chosen.map(({ probe }) => probe.title);
    const blind = made.blind.map(({ fact }) => fact);
    expect([...chosen, ...blind].sort()).toEqual(wanted(more.detail).sort());
    for (const { reason, remedy } of [...made.blind, ...made.better]) {
      expect(reason).not.toBe("");
      expect(remedy).not.toBe("");
    }
  });

  test("speaks to nobody but the collector", () => {
    if (made.commands) expect(program).toContain("sys_enter_mincore /pid == 4711/");
    else expect(program).toContain("interval:ms:1000 {");
  });
});

describe("routes", () => {
  test("the best ones, where all is there", () => {
    expect(plan(kernel("6.12")).routes).toEqual({
      pages: "tracepoint",
      splits: "fentry",
      creation: "tracepoint",
      refusals: "tracepoint",
      faults: "fentry",
      oom: "tracepoint",
      requests: "kprobe",
    });
    expect(plan(kernel("6.12")).blind).toEqual([]);
    expect(plan(kernel("6.12")).better).toEqual([]);
  });

  test("kprobes where fentry may not attach, and it is said that there is a better one", () => {
    const made = plan(kernel("6.12", noFentry));
    expect(made.routes).toMatchObject({ splits: "kprobe", faults: "kprobe", requests: "kprobe" });
    expect(made.better).toEqual([
      { fact: "splits", reason: "functions cannot be traced", remedy: "another kernel" },
      { fact: "faults", reason: "functions cannot be traced", remedy: "another kernel" },
    ]);
  });

  test("tracepoints alone show all but the requests", () => {
    const made = plan(kernel("6.18", noKprobes));
    expect(new Set(Object.values(made.routes))).toEqual(new Set(["tracepoint"]));
    expect(blindTo(made)).toEqual([
      "requests to take pages out of the direct map and put them back: this kernel was built without kprobes",
    ]);
  });

  test("without BTF: pages, splits and kills still; creations and refused mappings not", () => {
    const made = plan(kernel("6.12", { ...noBtf, ...noKprobes, btf: undefined }));
    expect(made.routes).toEqual({ pages: "tracepoint", splits: "tracepoint", oom: "tracepoint", faults: "tracepoint" });
    expect(made.exactStarts).toBe(false);
    expect(made.commands).toBe(false);
    expect(blindTo(made)).toEqual([
      "who creates secret files, and which creations are refused: no BTF: the kernel does not describe its structures",
      "mappings of secret files that are refused: no BTF: the kernel does not describe its structures",
      "requests to take pages out of the direct map and put them back: this kernel was built without kprobes",
    ]);
  });

  test("without tracefs: functions, and no kills", () => {
    const made = plan(kernel("6.12", { tracefs: undefined }));
    expect(made.routes).toMatchObject({ pages: "kprobe", creation: "kprobe", splits: "fentry" });
    expect(made.blind.map(({ reason, remedy }) => `${reason}; ${remedy}`)).toEqual([
      "tracefs is not mounted; mount -t tracefs tracefs /sys/kernel/tracing",
      "tracefs is not mounted; mount -t tracefs tracefs /sys/kernel/tracing",
    ]);
  });

  test("arm64 without split counters: no splits, its own names of system calls", () => {
    const made = plan(kernel("6.12", { ...arm64, tracefs: undefined }));
    expect(made.routes.splits).toBeUndefined();
    expect(made.program).toContain("kretprobe:__arm64_sys_memfd_secret");
    expect(made.program).not.toContain("x64");
    expect(made.missing.get("splits")?.reason).toMatch(/does not count splits/);
  });

  test("without secret memory: splits and kills are still shown", () => {
    const made = plan(kernel("6.12"), { device: null });
    expect(made.routes).toMatchObject({ oom: "tracepoint", requests: "kprobe", splits: "fentry" });
    expect(made.missing.get("creation")?.reason).toBe("secret memory is not available on this kernel");
    expect(made.program).not.toContain("filemap");
  });

  // Any process's SIGBUS would be counted as a refused fault on secret memory.
  test("without secret memory: nor are faults on it looked for", () => {
    const made = plan(kernel("6.12"), { device: null });
    expect(made.routes.faults).toBeUndefined();
  });

  test("function: functions wherever there are any", () => {
    const made = plan(kernel("6.12"), { choice: "function" });
    expect(made.routes).toMatchObject({ pages: "kprobe", creation: "kprobe", splits: "fentry", oom: "tracepoint" });
  });
});

describe("every page", () => {
  const detail = "page";

  test("nothing of it is in the program, and nothing missed, unless it is asked for", () => {
    expect(plan(kernel("6.12")).program).toBe(plan(kernel("6.12"), { detail: "interval" }).program);
    expect(plan(kernel("6.12")).program).not.toContain("pfn");
    expect(plan(kernel("6.12"), { device: null }).missing.has("blocks")).toBe(false);
  });

  test.each(recordedSeries)("%s: of the page's number only that of its 2M block leaves the kernel", (series) => {
    const made = plan(kernel(series), { detail });
    expect(made.routes.blocks).toBe("tracepoint");
    expect(made.program?.match(/args->pfn.*/g)).toEqual(["args->pfn >> 9));", "args->pfn >> 9));"]);
  });

  test("by tracepoints even where functions are wanted; the counters go their own way", () => {
    expect(plan(kernel("6.12"), { detail, choice: "function" }).routes).toMatchObject({
      pages: "kprobe",
      blocks: "tracepoint",
    });
  });

  test("a kernel with larger pages has fewer of them in a block; one that does not say is not believed to have 4K", () => {
    const offer = kernel("6.12");
    const sized = (print: string) => ({
      path: "",
      tracepoint: (name: string) => {
        const found = offer.tracefs?.tracepoint(name);
        return found === undefined ? undefined : { ...found, print };
      },
    });
    const large = plan({ ...offer, tracefs: sized('"ofs=%lu", REC->index << 16') }, { detail });
    expect(large.program).toContain("args->pfn >> 5)");
    const unsaid = plan({ ...offer, tracefs: sized('"ofs=%lu", REC->index') }, { detail });
    expect(unsaid.missing.get("blocks")?.reason).toContain("does not say how large a page is");
  });

  test("what stands in its way is named", () => {
    expect(plan(kernel("6.12", { tracefs: undefined }), { detail }).missing.get("blocks")).toEqual({
      reason: "tracefs is not mounted",
      remedy: "mount -t tracefs tracefs /sys/kernel/tracing",
    });
    expect(plan(kernel("6.12"), { detail, device: null }).missing.get("blocks")?.reason).toMatch(/not available/);
  });
});

describe("nothing is attached at all", () => {
  test.each([
    ["not root", kernel("6.12", notRoot), {}, "not root"],
    [
      "no bpftrace",
      kernel("6.12"),
      { without: { reason: "bpftrace was not found", remedy: "install it" } },
      "bpftrace was not found",
    ],
    ["procfs wanted", kernel("6.12"), { choice: "procfs" }, "only /proc was asked (route procfs)"],
  ] as const)("%s: every probe is named with that reason", (_, offer, more, reason) => {
    const made = plan(offer, more);
    expect(made.program).toBeUndefined();
    expect(made.routes).toEqual({});
    expect(made.blind.map(({ fact }) => fact)).toEqual(wanted("interval"));
    expect(new Set(made.blind.map((each) => each.reason))).toEqual(new Set([reason]));
  });

  test("a kernel with nothing but names of processes is not worth a program", () => {
    const bare = kernel("6.12", { ...noBtf, ...noKprobes, btf: undefined, countsSplits: false });
    const only = ["sched:sched_process_exit", "task:task_rename"];
    const tracepoint = (name: string) => (only.includes(name) ? bare.tracefs?.tracepoint(name) : undefined);
    const made = plan({ ...bare, tracefs: { path: "", tracepoint } });
    expect(made.program).toBeUndefined();
    expect(made.chosen).toEqual([]);
  });
});

test("the same offer gives the same plan", () => {
  expect(plan(kernel("7.2"))).toEqual(plan(kernel("7.2")));
});
