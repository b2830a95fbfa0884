import { execFile } from "node:child_process";

/**
 * How bpftrace is kept from outliving us when we are killed with SIGKILL and cannot stop it.
 * - `pdeathsig`: `setpriv --pdeathsig KILL` (util-linux 2.33) has the kernel kill it the moment we die. The kernel
 *   watches the *thread* that spawned it: libuv spawns from the calling thread, so in a worker_thread bpftrace dies with
 *   the worker. The kernel forgets the request when a set-uid file or one with file capabilities is executed (prctl(2)).
 * - `sigpipe`: nobody watches; bpftrace notices at its next print, as the pipe has no reader. A program without an
 *   interval print can live on until then.
 */
export type OrphanGuard = "pdeathsig" | "sigpipe";

export interface GuardedCommand {
  readonly guard: OrphanGuard;
  readonly file: string;
  readonly args: readonly string[];
}

// Not from PATH: this runs as root.
const SETPRIV_FILES = ["/usr/bin/setpriv", "/bin/setpriv"];

/** Puts the guard before a command, where this system has it. setpriv executes the command: same pid, nothing between. */
export async function guardCommand(file: string, args: readonly string[]): Promise<GuardedCommand> {
  for (const setpriv of SETPRIV_FILES) {
    if (await knowsDeathSignal(setpriv)) {
      return { guard: "pdeathsig", file: setpriv, args: ["--pdeathsig", "KILL", "--", file, ...args] };
    }
  }
  return { guard: "sigpipe", file, args };
}

/** busybox has a setpriv without that option. */
function knowsDeathSignal(setpriv: string): Promise<boolean> {
  return new Promise((done) => {
    execFile(setpriv, ["--help"], { timeout: 5000 }, (error, stdout) => {
      done(error === null && stdout.includes("--pdeathsig"));
    });
  });
}
