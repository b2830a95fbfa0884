/** What the head of a file says of the machine and its clocks, as last heard: a new file repeats it. */
import type { ClockEvent, Event, HostEvent, PlanEvent } from "../events.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { type MonotonicNs, monotonicNs, type WallMs, wallMs } from "../units.ts";
import { currentFormat, type TraceHeader } from "./header.ts";

export interface HeadOptions {
  /** secretscope 0.1.0. */
  readonly tool: string;
  /** The two clocks. */
  readonly now?: () => MonotonicNs;
  readonly wall?: () => WallMs;
}

export class HeadFacts {
  #host: HostEvent | undefined;
  #plan: PlanEvent | undefined;
  #clock: ClockEvent | undefined;

  take(event: Event): void {
    if (event.kind === "host") this.#host = event;
    else if (event.kind === "plan") this.#plan = event;
    else if (event.kind === "clock") this.#clock = event;
  }

  /** All that was said before there was anybody to hear it. */
  adopt({ host, plan, clock }: Pick<Ledger, "host" | "plan" | "clock">): void {
    this.#host = host;
    this.#plan = plan;
    this.#clock = clock;
  }

  head({ tool, now = systemMonotonic, wall = systemWall }: HeadOptions, file: number, redacted: boolean): TraceHeader {
    return {
      format: currentFormat,
      tool,
      monotonic: now(),
      wall: wall(),
      file,
      redacted,
      host: withoutTime(this.#host),
      plan: withoutTime(this.#plan),
    };
  }

  /** Milliseconds since 1970; NaN before the clocks were tied together. */
  wallAt(at: bigint): number {
    const clock = this.#clock;
    return clock === undefined ? Number.NaN : clock.wall + Number((at - clock.at) / 1_000_000n);
  }
}

const systemMonotonic = () => monotonicNs(process.hrtime.bigint());
const systemWall = () => wallMs(Date.now());

function withoutTime<T extends Event>(event: T | undefined): Omit<T, "kind" | "at"> | null {
  if (event === undefined) return null;
  const { kind: _, at: __, ...rest } = event;
  return rest;
}
