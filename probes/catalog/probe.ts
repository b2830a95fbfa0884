/** What a folder of the catalog declares: one probe, its routes best first, what each needs and what it yields. */
import type { KernelOffer } from "../kernel/offer.ts";
import type { Detail, Fact, Route } from "../words.ts";

/** What the plan knows beside the kernel. */
export interface Setting {
  /** st_dev of secretmem's superblock as the kernel prints it (major << 20 | minor); null: no secret memory here. */
  readonly device: number | null;
  /** pid of the process that speaks to the program. */
  readonly collector: number;
  /** How much is wanted; left out: interval. */
  readonly detail?: Detail | undefined;
}

/** Why a route is not for this kernel. */
export interface Missing {
  readonly reason: string;
  readonly remedy: string;
}

/** Text for the {{places}} of a program, a map's name to be read at every tick. */
export interface Part {
  readonly program: string;
  readonly values?: Readonly<Record<string, string>>;
}

export interface ProbeRoute {
  readonly route: Route;
  /** undefined: can be attached here. */
  missing(kernel: KernelOffer, setting: Setting): Missing | undefined;
  /** The programs of this route, by file name in the probe's folder; one file may be used several times. */
  parts(kernel: KernelOffer, setting: Setting): readonly Part[];
  /** Maps with counters that a tick prints. */
  readonly reads: readonly string[];
  /** Maps that need not be printed at the end. */
  readonly scratch?: readonly string[];
}

export interface Probe {
  /** The folder's name. */
  readonly name: string;
  readonly fact: Fact;
  /** For a person: what this probe tells. */
  readonly title: string;
  /** Left out by the plan, and not missed, unless this detail is wanted. */
  readonly detail?: Detail;
  readonly routes: readonly ProbeRoute[];
}

/** A probe, and the route it goes here. */
export interface Choice {
  readonly probe: Probe;
  readonly route: ProbeRoute;
}

export const lacksBtf: Missing = {
  reason: "no BTF: the kernel does not describe its structures",
  remedy: "a kernel with CONFIG_DEBUG_INFO_BTF (every distribution's since 2021)",
};

export const lacksSecretmem: Missing = {
  reason: "secret memory is not available on this kernel",
  remedy: "boot with secretmem.enable=1 (5.14 to 6.4), or use a kernel with CONFIG_SECRETMEM",
};

/** The first tracepoint of these that is not there, as a reason. */
export function lacksTracepoint(kernel: KernelOffer, ...names: string[]): Missing | undefined {
  if (kernel.tracefs === undefined) {
    return { reason: "tracefs is not mounted", remedy: "mount -t tracefs tracefs /sys/kernel/tracing" };
  }
  const absent = names.find((name) => kernel.tracefs?.tracepoint(name) === undefined);
  return absent === undefined
    ? undefined
    : { reason: `this kernel has no tracepoint ${absent}`, remedy: "a kernel that has it" };
}

/** The first function of these that cannot be probed, as a reason. */
export function lacksFunction(kernel: KernelOffer, ...names: string[]): Missing | undefined {
  if (!kernel.kprobes.able) return kernel.kprobes;
  const absent = names.find((name) => !kernel.hasSymbol(name));
  return absent === undefined
    ? undefined
    : { reason: `this kernel has no function ${absent} to probe`, remedy: "a kernel that does not inline it" };
}

/** Why fentry cannot be attached to this function. */
export function lacksFentry({ fentry, btf }: KernelOffer, name: string): Missing | undefined {
  if (!fentry.able) return fentry;
  return btf?.hasFunction(name) ? undefined : { reason: `BTF does not describe ${name}`, remedy: "the kprobe route" };
}
