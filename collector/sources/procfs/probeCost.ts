/**
 * What one run of a probe takes, as the kernel measured it. It measures only while somebody has switched that on
 * (sysctl kernel.bpf_stats_enabled=1, which itself costs a little at each run); nothing is switched on here.
 */
import { readdirSync, readFileSync } from "node:fs";

/**
 * Mean of all runs of the BPF programs that process has open, in ns; null when the kernel did not measure.
 * kernel/bpf/syscall.c, bpf_prog_show_fdinfo: run_time_ns and run_cnt stay 0 while statistics are off.
 */
export function probeNsPerEvent(procRoot: string, pid: number): number | null {
  if (!isMeasured(procRoot)) return null;
  let time = 0;
  let runs = 0;
  try {
    const folder = `${procRoot}/${pid}/fdinfo`;
    for (const fd of readdirSync(folder)) {
      const text = readFileSync(`${folder}/${fd}`, "latin1");
      time += Number(/^run_time_ns:\s*(\d+)$/m.exec(text)?.[1] ?? 0);
      runs += Number(/^run_cnt:\s*(\d+)$/m.exec(text)?.[1] ?? 0);
    }
  } catch {
    return null; // it ended meanwhile
  }
  return runs === 0 ? null : time / runs;
}

function isMeasured(procRoot: string): boolean {
  try {
    return readFileSync(`${procRoot}/sys/kernel/bpf_stats_enabled`, "latin1").trim() === "1";
  } catch {
    return false;
  }
}
