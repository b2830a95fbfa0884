/** Types of the lab, for TypeScript and for the JSDoc of the .mjs files. Node 20 runs no .ts, hence two files. */

export interface Guest {
  name: string;
  /** Kernel series, such as "6.12". What was really built is in the image's /boot/release. */
  kernel: string;
  suite: string;
  sources: readonly string[];
  packages: readonly string[];
  /** npm package holding a Node binary, for a suite whose own Node is too old. */
  nodePackage: string | null;
}

export type Log = (line: string) => void;
export type Stream = "stdout" | "stderr";

export interface RunOptions {
  env?: Record<string, string> | undefined;
  /** Time for the command itself; 0 is no limit. Default 600 000. Booting has a limit of its own. */
  timeoutMs?: number | undefined;
  onOutput?: ((text: string, stream: Stream) => void) | undefined;
  /** Folder of the host that the guest sees as /out, writable. Default: a temporary one, removed afterwards. */
  out?: string | undefined;
  /** Memory of the guest in MiB. Default 2048. */
  memory?: number | undefined;
  cpus?: number | undefined;
  /** Time in which the guest is idle passes at once, and its clock is its own; see boot.mjs. */
  skipIdle?: boolean | undefined;
  /** Systemd is process 1, and the command one of its services. */
  systemd?: boolean | undefined;
  /** More kernel arguments, after the lab's own. */
  append?: string | undefined;
  /** Run on the serial console with this process's terminal; output is then not captured. */
  interactive?: boolean | undefined;
  /** Aborting kills the guest. */
  signal?: AbortSignal | undefined;
  /** Told when an image has to be built first. */
  log?: Log | undefined;
}

export interface RunResult {
  /** Exit status of the command; 128 + n when a signal ended it. */
  status: number;
  /** stdout and stderr as they arrived. */
  output: string;
  stdout: string;
  stderr: string;
  /** Kernel messages that reached the serial console. */
  console: string;
  /** From starting QEMU to starting the command. */
  bootSeconds: number;
  /** From starting the command to its exit status. */
  seconds: number;
}

export type FailureKind = "prepare" | "panic" | "boot" | "timeout" | "died" | "aborted";

/** The lab has no exit status to give: the image, the boot, the kernel or the time ran out. */
export class LabFailure extends Error {
  constructor(kind: FailureKind, message: string, details?: { output?: string; console?: string });
  readonly kind: FailureKind;
  /** What the command had printed by then. */
  readonly output: string;
  /** What the serial console had shown by then. */
  readonly console: string;
}

export type Ability = { ok: true } | { ok: false; reason: string; remedy: string };

export const guests: readonly Guest[];

/** Whether this machine can run guests: now, or after `prepare` has installed what it may install. */
export function canRun(): Ability;

/**
 * Installs QEMU and mmdebstrap if they are missing, fetches a newer QEMU if that is slow, builds the guest's image; what
 * is in the cache is there already.
 */
export function prepare(
  guest: Guest | string,
  options?: { log?: Log | undefined; signal?: AbortSignal | undefined },
): Promise<{ emulator: readonly string[]; image: string }>;

/**
 * Boots the guest, runs the command as root in the repository's folder, switches the guest off.
 * @throws LabFailure when there is no exit status: a panic, a hang, an image that could not be built.
 */
export function run(guest: Guest | string, command: readonly string[], options?: RunOptions): Promise<RunResult>;
