/**
 * What a service manager wants to know (sd_notify(3)): that collecting began, that the configuration is being read, and
 * that we are alive. Said through libsystemd itself, which is there where systemd is: Node has no datagram sockets of
 * the local kind, and a second program for each word would not be seen as ours.
 */
import { createRequire } from "node:module";

export interface ServiceManager {
  ready(): void;
  reloading(): void;
  stopping(): void;
  /** How often it wants to hear `alive`, ms; null: never. */
  readonly watchdogMs: number | null;
  alive(): void;
}

interface Koffi {
  load(library: string): { func(declaration: string): (unset: number, state: string) => number };
}

const nobody: ServiceManager = {
  ready() {},
  reloading() {},
  stopping() {},
  watchdogMs: null,
  alive() {},
};

/** @param onFailure called once when systemd waits for word and cannot be told */
export function serviceManager(environment: NodeJS.ProcessEnv, onFailure: (why: string) => void): ServiceManager {
  if (!environment.NOTIFY_SOCKET) return nobody;
  let notify: (unset: number, state: string) => number;
  try {
    const koffi = createRequire(import.meta.url)("koffi") as Koffi;
    notify = koffi.load("libsystemd.so.0").func("int sd_notify(int unset, const char *state)");
  } catch (error) {
    onFailure(`systemd cannot be told: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
    return nobody;
  }
  let failed = false;
  const say = (state: string) => {
    // 0: NOTIFY_SOCKET is not set, below: an errno. The state is sent or it is not; nothing waits for it.
    const sent = notify(0, state);
    if (sent > 0 || failed) return;
    failed = true;
    onFailure(`systemd cannot be told: sd_notify failed with ${-sent}`);
  };
  return {
    ready: () => say("READY=1"),
    // Type=notify-reload wants to know when, so that an older READY=1 does not count.
    reloading: () => say(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: () => say("STOPPING=1"),
    watchdogMs: watchdogMs(environment),
    alive: () => say("WATCHDOG=1"),
  };
}

/** Half of the time after which we would be ended, as sd_watchdog_enabled(3) advises. */
function watchdogMs({ WATCHDOG_USEC: time, WATCHDOG_PID: pid }: NodeJS.ProcessEnv): number | null {
  if (pid !== undefined && Number(pid) !== process.pid) return null;
  const ms = Number(time ?? 0) / 2000;
  return Number.isFinite(ms) && ms >= 1 ? ms : null;
}
