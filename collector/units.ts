/**
 * Units as types: a number that means nanoseconds cannot be passed where bytes are wanted.
 * A brand exists for the compiler only; at run time these are plain numbers and bigints.
 */
declare const unit: unique symbol;
type Branded<T, Name extends string> = T & { readonly [unit]: Name };

/** CLOCK_MONOTONIC, the clock of bpf_ktime_get_ns() and process.hrtime.bigint(). It does not run while suspended. */
export type MonotonicNs = Branded<bigint, "monotonic ns">;
/** Milliseconds since 1970, UTC. */
export type WallMs = Branded<number, "wall ms">;
export type Bytes = Branded<number, "bytes">;
export type Pages = Branded<number, "pages">;
export type Pid = Branded<number, "pid">;
/** Number of a 2M block of physical memory: address / 2 MiB. It says which pages are neighbours and nothing of the kernel's addresses. */
export type Block = Branded<number, "2M block">;
/** An inode number of secretmem's superblock: a 32-bit counter shared with other anonymous files (get_next_ino, fs/inode.c). */
export type Inode = Branded<number, "inode">;
/**
 * When a process started, in clock ticks (USER_HZ, 100 a second) since boot: field 22 of /proc/PID/stat, and
 * task->start_boottime / 10^7. With the pid it names one process for good: a reused pid has another start.
 */
export type StartTicks = Branded<number, "start ticks">;

export const monotonicNs = (value: bigint) => value as MonotonicNs;
export const wallMs = (value: number) => value as WallMs;
export const bytes = (value: number) => value as Bytes;
export const pages = (value: number) => value as Pages;
export const pid = (value: number) => value as Pid;
export const inode = (value: number) => value as Inode;
export const block = (value: number) => value as Block;
export const startTicks = (value: number) => value as StartTicks;
