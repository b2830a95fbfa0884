/** Ctrl-Z and fg: the terminal is left as it was before the process stops, and taken again when it goes on. */
import type { End } from "./owned.ts";

/** Stops everything in the terminal's foreground, as the terminal itself would: `npm start` has a parent that waits. */
export function suspendForeground(): void {
  process.kill(0, "SIGTSTP");
}

/** @param pause leaves the terminal; returns the way back */
export function handleSuspend(pause: () => () => void): End {
  let resume: (() => void) | undefined;
  const stop = () => {
    if (resume !== undefined) return;
    resume = pause();
    // The handler took the place of what SIGTSTP does: this one cannot be handled.
    process.kill(process.pid, "SIGSTOP");
  };
  const goOn = () => {
    resume?.();
    resume = undefined;
  };
  process.on("SIGTSTP", stop);
  process.on("SIGCONT", goOn);
  return () => {
    process.removeListener("SIGTSTP", stop);
    process.removeListener("SIGCONT", goOn);
  };
}
