/** This machine, as the collector finds it: asked once, when first needed. */
import { Injectable } from "@tsed/di";
import { type Finding, findBpftrace } from "bpftrace-wrapper";
import { type KernelOffer, readOffer } from "../probes/kernel/offer.ts";
import { detectSecretmem, type Secretmem } from "../probes/kernel/secretmem.ts";
import { type SystemCalls, systemCalls, type Unavailable } from "../probes/kernel/syscalls.ts";
import { CannotRun } from "./cannotRun.ts";
import type { Event } from "./events.ts";
import { hostEvent } from "./sources/procfs/hostFacts.ts";
import { type MonotonicNs, monotonicNs } from "./units.ts";

@Injectable()
export class Machine {
  #kernel: KernelOffer | undefined;
  #secretmem: Secretmem | undefined;

  get kernel(): KernelOffer {
    this.#kernel ??= readOffer();
    return this.#kernel;
  }

  get secretmem(): Secretmem {
    this.#secretmem ??= detectSecretmem();
    return this.#secretmem;
  }

  get calls(): SystemCalls | Unavailable {
    return systemCalls();
  }

  /** @throws CannotRun without /proc */
  host(): Event {
    const { secretmem } = this;
    try {
      return hostEvent(this.now(), secretmem.available ? secretmem : {});
    } catch (error) {
      throw new CannotRun(error instanceof Error ? error.message : String(error), "mount -t proc proc /proc");
    }
  }

  /** CLOCK_MONOTONIC, the clock of the probes. */
  now(): MonotonicNs {
    return monotonicNs(process.hrtime.bigint());
  }

  findBpftrace(path?: string): Promise<Finding> {
    return findBpftrace({ path });
  }
}
