/**
 * How the collector speaks to its program in the kernel: mincore(2) with an address that is no multiple of the page
 * size. The kernel turns it down at once, the program sees the arguments (probes/catalog/tick/tracepoint.bt).
 */
import { closeSync, fstatSync, openSync } from "node:fs";
import type { SystemCalls } from "../../../probes/kernel/syscalls.ts";

const reading = 1n;
const removeAllocated = 2n;
const removeFreed = 3n;
const removeRefused = 4n;
const switchGeneration = 5n;
const emptyGeneration = 6n;
const measureDescriptor = 7n;

/** O_PATH | O_CLOEXEC (asm-generic/fcntl.h): names the file without opening it, so nothing of it can be read. */
const pathOnly = 0o10000000 | 0o2000000;

export class Commands {
  readonly #calls: SystemCalls;

  constructor(calls: SystemCalls) {
    this.#calls = calls;
  }

  /** All counters, between a line with this number and another. */
  read(number: number): void {
    this.#send(reading, 0, number, 0);
  }

  removeAllocated(inode: number, pid: number, started: number | bigint): void {
    this.#send(removeAllocated, inode, pid, started);
  }

  removeFreed(inode: number, kill: number): void {
    this.#send(removeFreed, inode, kill, 0);
  }

  removeRefused(pid: number, started: number | bigint, what: number, code: number): void {
    this.#send(removeRefused, what * 0x10000 + code, pid, started);
  }

  switchGeneration(to: number): void {
    this.#send(switchGeneration, to, 0, 0);
  }

  emptyGeneration(generation: number): void {
    this.#send(emptyGeneration, generation, 0, 0);
  }

  /**
   * Asks for the pages of the file behind a magic link. The descriptor lives for microseconds: while it does, the file
   * cannot go, and would go in our name.
   * @returns false when the link is gone or leads elsewhere now.
   */
  measure(path: string, inode: number): boolean {
    let descriptor: number;
    try {
      descriptor = openSync(path, pathOnly);
    } catch {
      return false;
    }
    try {
      if (fstatSync(descriptor).ino !== inode) return false;
      this.#send(measureDescriptor, 0, descriptor, 0);
      return true;
    } catch {
      return false;
    } finally {
      closeSync(descriptor);
    }
  }

  #send(command: bigint, x: number, length: number, vector: number | bigint): void {
    this.#calls.mincore((BigInt(x) << 12n) | command, BigInt(length), BigInt(vector));
  }
}
