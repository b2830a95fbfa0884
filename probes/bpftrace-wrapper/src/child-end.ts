import type { ChildProcess } from "node:child_process";

/** How a child process ended. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It could not be started. */
  readonly spawnError: Error | undefined;
}

/** A process that the child started may still hold the pipes open after it; they are not read for longer than this. */
const LINGER_MS = 5000;

/**
 * Waits until the child has ended and its output was read.
 *
 * @param onExit called when it has ended and its output may still be unread
 */
export function childEnd(child: ChildProcess, onExit: () => void): Promise<ChildEnd> {
  return new Promise((resolve) => {
    child.on("exit", () => {
      onExit();
      const linger = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, LINGER_MS);
      child.on("close", () => clearTimeout(linger));
    });
    child.on("close", (code, signal) => resolve({ code, signal, spawnError: undefined }));
    child.on("error", (error) => {
      // The same event tells of a failed kill; only without a pid is it about starting.
      if (child.pid === undefined) resolve({ code: null, signal: null, spawnError: error });
    });
  });
}
