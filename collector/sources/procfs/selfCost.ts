/** What secretscope costs: this process, bpftrace, and where the kernel measures it, a run of a probe. */
import type { SelfSample } from "../../events.ts";
import { bytes, type MonotonicNs } from "../../units.ts";
import { pageBytes } from "./pageSize.ts";
import { probeNsPerEvent } from "./probeCost.ts";
import { readStat } from "./processes.ts";
import { defaultProcRoot } from "./procFile.ts";

/** USER_HZ: 100 on every architecture that has secret memory (include/asm-generic/param.h). */
const ticksASecond = 100;

/** CPU time only grows, also when bpftrace is replaced by another process or ends. */
export class SelfCost {
  readonly #procRoot: string;
  #child: { readonly pid: number; readonly started: number; cpuTicks: number } | undefined;
  #pastTicks = 0;

  constructor(procRoot: string = defaultProcRoot) {
    this.#procRoot = procRoot;
  }

  /** child: bpftrace's pid, null while there is none. */
  sample(at: MonotonicNs, child: number | null): SelfSample {
    const stat = child === null ? undefined : readStat(`${this.#procRoot}/${child}`);
    if (this.#child !== undefined && (stat?.pid !== this.#child.pid || stat.started !== this.#child.started)) {
      this.#pastTicks += this.#child.cpuTicks;
      this.#child = undefined;
    }
    if (stat !== undefined) this.#child = { pid: stat.pid, started: stat.started, cpuTicks: stat.cpuTicks };
    const { user, system } = process.cpuUsage();
    const childTicks = this.#pastTicks + (this.#child?.cpuTicks ?? 0);
    const childBytes = (stat?.rssPages ?? 0) * pageBytes();
    return {
      kind: "self",
      at,
      cpuSeconds: (user + system) / 1e6 + childTicks / ticksASecond,
      rssBytes: bytes(process.memoryUsage.rss() + childBytes),
      probeNsPerEvent: child === null ? null : probeNsPerEvent(this.#procRoot, child),
    };
  }
}
