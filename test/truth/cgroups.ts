/** A memory cgroup of the test's own, removed with it: the only place where a test runs out of memory on the host. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { onTestFinished } from "vitest";
import { cgroupVersion, pageBytes } from "./machine.ts";

const mount = cgroupVersion === "v1" ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup";
let made = 0;

export class MemoryCgroup {
  private constructor(
    /** As /proc/PID/cgroup says it. */
    readonly path: string,
  ) {}

  /** For the test that is running. */
  static create(pages: number): MemoryCgroup {
    const cgroup = MemoryCgroup.open(pages);
    onTestFinished(() => cgroup.remove());
    return cgroup;
  }

  /** To be removed by the caller; swap is not a way out of it. */
  static open(pages: number): MemoryCgroup {
    made += 1;
    const cgroup = new MemoryCgroup(`/secretscope-truth-${process.pid}-${made}`);
    mkdirSync(cgroup.folder);
    const limit = String(pages * pageBytes);
    if (cgroupVersion === "v1") {
      cgroup.set("memory.limit_in_bytes", limit);
      if (existsSync(`${cgroup.folder}/memory.memsw.limit_in_bytes`)) cgroup.set("memory.memsw.limit_in_bytes", limit);
    } else {
      cgroup.set("memory.max", limit);
      if (existsSync(`${cgroup.folder}/memory.swap.max`)) cgroup.set("memory.swap.max", "0");
    }
    return cgroup;
  }

  /** From now on this process's new pages are charged here. */
  add(process: { readonly pid: number }): void {
    this.set("cgroup.procs", String(process.pid));
  }

  private get folder(): string {
    return `${mount}${this.path}`;
  }

  private set(file: string, value: string): void {
    writeFileSync(`${this.folder}/${file}`, value);
  }

  /** Hooks of a test run in reverse order, so its processes may still be there: they are moved out. */
  remove(): void {
    for (const pid of this.processes()) {
      try {
        writeFileSync(`${mount}/cgroup.procs`, pid);
      } catch {
        // It ended by itself.
      }
    }
    rmdirSync(this.folder);
  }

  private processes(): string[] {
    return readFileSync(`${this.folder}/cgroup.procs`, "utf8").split("\n").filter(Boolean);
  }
}
