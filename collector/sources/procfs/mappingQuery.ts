/**
 * Asks the kernel whether a process maps a file of one device, without having it print every mapping: PROCMAP_QUERY
 * (include/uapi/linux/fs.h, 6.11). A secret mapping is always shared and file-backed, and hardly anything else is, so
 * two calls settle most processes: 5 us each, against 15 us on average and milliseconds for a large process.
 */
import { closeSync, openSync } from "node:fs";
import type { Device } from "../../../probes/kernel/secretFile.ts";
import { type SystemCalls, systemCalls, type Unavailable } from "../../../probes/kernel/syscalls.ts";
import { type Missing, missing } from "./procFile.ts";

const vmaShared = 0x08n;
const coveringOrNext = 0x10n;
const fileBacked = 0x20n;

// struct procmap_query: offsets of the fields used, and its size in 6.11, which newer kernels go on accepting.
const structBytes = 104;
const field = { size: 0, flags: 8, address: 16, end: 32, major: 72, minor: 76 };
/** _IOWR('f', 17, struct procmap_query), in the encoding x86 and arm64 share (asm-generic/ioctl.h). */
const request = (3n << 30n) | (BigInt(structBytes) << 16n) | (0x66n << 8n) | 17n;

/** Answers for one mapping table; `unsupported` for all when this kernel or platform has no such call. */
export class MappingQuery {
  readonly #calls: SystemCalls | undefined;
  readonly #query = Buffer.alloc(structBytes);
  #supported = true;

  constructor(calls: SystemCalls | Unavailable = systemCalls()) {
    this.#calls = calls.available ? calls : undefined;
  }

  /** mapsPath: /proc/PID/maps. */
  mapsDevice(mapsPath: string, device: Device): boolean | Missing | "unsupported" {
    if (this.#calls === undefined || !this.#supported) return "unsupported";
    let descriptor: number;
    try {
      descriptor = openSync(mapsPath, "r");
    } catch (error) {
      return missing(error);
    }
    try {
      return this.#search(this.#calls, descriptor, device);
    } finally {
      closeSync(descriptor);
    }
  }

  #search(calls: SystemCalls, descriptor: number, device: Device): boolean | "unsupported" {
    const query = this.#query;
    let address = 0n;
    for (;;) {
      query.fill(0);
      query.writeBigUInt64LE(BigInt(structBytes), field.size);
      query.writeBigUInt64LE(vmaShared | coveringOrNext | fileBacked, field.flags);
      query.writeBigUInt64LE(address, field.address);
      const answer = calls.ioctl(descriptor, request, query);
      if (!answer.ok) {
        // No such mapping is left; the address space is gone (kernel thread, zombie).
        if (answer.code === "ENOENT" || answer.code === "ESRCH") return false;
        // For this process read the text; an interrupted call says nothing about the kernel.
        if (answer.code === "ENOTTY") this.#supported = false;
        return "unsupported";
      }
      if (query.readUInt32LE(field.major) === device.major && query.readUInt32LE(field.minor) === device.minor)
        return true;
      address = query.readBigUInt64LE(field.end);
    }
  }
}
