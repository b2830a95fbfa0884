/**
 * The few system calls that Node has no name for, through koffi. Loaded at first use (about 10 ms, once); where koffi
 * cannot load (an unknown platform, `--no-addons`, a trimmed install) everything here says so and nothing throws.
 */
import { createRequire } from "node:module";
import { errnoName } from "./errno.ts";

/** What a call came to. `code` is the errno's name, `E<number>` when Node does not know it. */
export type Outcome =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly errno: number; readonly code: string };

/** cachestat(2): pages of a file by state. Source: struct cachestat, include/uapi/linux/mman.h, 6.5. */
export interface CacheStat {
  readonly cached: number;
  readonly dirty: number;
  readonly writeback: number;
  readonly evicted: number;
  readonly recentlyEvicted: number;
}

export interface SystemCalls {
  readonly available: true;
  /** Makes a secret file. flags: 0 or O_CLOEXEC (0o2000000). Value: a descriptor. */
  memfdSecret(flags: number): Outcome;
  /** flags: 0, or PIDFD_THREAD (O_EXCL, 6.9+) to name a thread by its tid. Value: a descriptor. */
  pidfdOpen(pid: number, flags?: number): Outcome;
  /** Duplicates another process's descriptor into this one, close-on-exec. Needs ptrace rights over it. */
  pidfdGetfd(pidfd: number, descriptor: number): Outcome;
  /** Page-cache state of the whole file. Reads no page of it. */
  cachestat(descriptor: number): CacheStat | (Outcome & { readonly ok: false });
  /**
   * With an address that is no multiple of the page size this does nothing and answers EINVAL at once (mm/mincore.c);
   * all three arguments reach the tracepoint sys_enter_mincore whole, 64 bits each: a safe way to speak to a BPF program.
   */
  mincore(address: bigint, length: bigint, vector: bigint): Outcome;
  /** Shared, readable and writable mapping of `length` bytes at the start of a file. Value: its address. */
  mapShared(descriptor: number, length: number): Outcome;
  unmap(address: number, length: number): Outcome;
  /**
   * What bpftrace opens for each CPU it hears from (a software event for BPF's output), of all processes. Value: a
   * descriptor. EACCES, EPERM: this kernel, a container or a seccomp filter refuses perf events to us.
   */
  openBpfOutput(cpu: number): Outcome;
  /** `argument` is read and written in place. */
  ioctl(descriptor: number, request: bigint, argument: Uint8Array): Outcome;
}

export interface Unavailable {
  readonly available: false;
  readonly reason: string;
}

interface Numbers {
  readonly ioctl: number;
  readonly mmap: number;
  readonly munmap: number;
  readonly mincore: number;
  readonly perfEventOpen: number;
  readonly pidfdOpen: number;
  readonly pidfdGetfd: number;
  readonly memfdSecret: number;
  readonly cachestat: number;
}

// Numbers from 424 on are the same everywhere (include/uapi/asm-generic/unistd.h); older ones are the architecture's.
const sinceUnified = { pidfdOpen: 434, pidfdGetfd: 438, memfdSecret: 447, cachestat: 451 };
const numbersByArchitecture: Readonly<Record<string, Numbers>> = {
  x64: { ioctl: 16, mmap: 9, munmap: 11, mincore: 27, perfEventOpen: 298, ...sinceUnified },
  arm64: { ioctl: 29, mmap: 222, munmap: 215, mincore: 232, perfEventOpen: 241, ...sinceUnified },
};

const protReadWrite = 0x1 | 0x2;
const mapSharedFlag = 0x1;

/** struct perf_event_attr, first version: PERF_TYPE_SOFTWARE, 64 bytes, PERF_COUNT_SW_BPF_OUTPUT (linux/perf_event.h). */
const bpfOutput = new Uint8Array(new Uint32Array([1, 64, 10, ...Array<number>(13).fill(0)]).buffer);
/** PERF_FLAG_FD_CLOEXEC. */
const closeOnExec = 8;

type Argument = number | bigint | Uint8Array;
type Raw = (number: number, ...args: Argument[]) => number | bigint;
interface Koffi {
  load(path: null): { func(definition: string): Raw };
  errno(): number;
}

function connect(): SystemCalls | Unavailable {
  const number = numbersByArchitecture[process.arch];
  if (process.platform !== "linux" || number === undefined) {
    return {
      available: false,
      reason: `system call numbers of ${process.platform} ${process.arch} are not known here`,
    };
  }
  let koffi: Koffi;
  let values: Raw;
  let withBuffer: Raw;
  let withTwoBuffers: Raw;
  let withFirstBuffer: Raw;
  try {
    koffi = createRequire(import.meta.url)("koffi") as Koffi;
    const libc = koffi.load(null);
    values = libc.func("long syscall(long n, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f)");
    withBuffer = libc.func("long syscall(long n, int64_t a, int64_t b, void *c)");
    withFirstBuffer = libc.func("long syscall(long n, void *a, int64_t b, int64_t c, int64_t d, int64_t e)");
    withTwoBuffers = libc.func("long syscall(long n, int64_t a, void *b, void *c, int64_t d)");
  } catch (error) {
    const why = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    return { available: false, reason: `koffi could not be loaded: ${why}` };
  }

  const outcome = (value: number | bigint): Outcome => {
    if (value >= 0) return { ok: true, value: Number(value) };
    const errno = koffi.errno();
    return { ok: false, errno, code: errnoName(errno) };
  };
  const call = (n: number, a: Argument = 0, b: Argument = 0, c: Argument = 0, d: Argument = 0, e: Argument = 0) =>
    outcome(values(n, a, b, c, d, e, 0));
  const signed = (value: bigint) => BigInt.asIntN(64, value);
  // off 0, len 0: the whole file (mm/filemap.c, cachestat).
  const wholeFile = new Uint8Array(16);

  return {
    available: true,
    memfdSecret: (flags) => call(number.memfdSecret, flags),
    pidfdOpen: (pid, flags = 0) => call(number.pidfdOpen, pid, flags),
    pidfdGetfd: (pidfd, descriptor) => call(number.pidfdGetfd, pidfd, descriptor, 0),
    cachestat: (descriptor) => {
      const counts = new BigUint64Array(5);
      const result = outcome(withTwoBuffers(number.cachestat, descriptor, wholeFile, new Uint8Array(counts.buffer), 0));
      if (!result.ok) return result;
      const [cached = 0, dirty = 0, writeback = 0, evicted = 0, recentlyEvicted = 0] = Array.from(counts, Number);
      return { cached, dirty, writeback, evicted, recentlyEvicted };
    },
    mincore: (address, length, vector) => call(number.mincore, signed(address), signed(length), signed(vector)),
    mapShared: (descriptor, length) => call(number.mmap, 0, length, protReadWrite, mapSharedFlag, descriptor),
    unmap: (address, length) => call(number.munmap, address, length),
    openBpfOutput: (cpu) => outcome(withFirstBuffer(number.perfEventOpen, bpfOutput, -1, cpu, -1, closeOnExec)),
    ioctl: (descriptor, request, argument) => outcome(withBuffer(number.ioctl, descriptor, signed(request), argument)),
  };
}

let connected: SystemCalls | Unavailable | undefined;

/** The system calls, or why there are none. Never throws; the answer does not change while the process lives. */
export function systemCalls(): SystemCalls | Unavailable {
  connected ??= connect();
  return connected;
}
