/** One life of bpftrace without bpftrace: messages in, events out, and what was asked of the kernel program. */
import type { Message, Value } from "bpftrace-wrapper";
import type { Event } from "../../../collector/events.ts";
import { Commands } from "../../../collector/sources/bpftrace/commands.ts";
import { Run } from "../../../collector/sources/bpftrace/run.ts";
import { monotonicNs, startTicks } from "../../../collector/units.ts";
import type { SystemCalls } from "../../../probes/kernel/syscalls.ts";
import type { Plan } from "../../../probes/plan.ts";

export const secretDevice = 14;

const names: Readonly<Record<number, string>> = {
  1: "read",
  2: "removeAllocated",
  3: "removeFreed",
  4: "removeRefused",
  5: "switchGeneration",
  6: "emptyGeneration",
  7: "measure",
};

export interface RunStoryOptions {
  readonly reads?: readonly string[];
  readonly isGone?: (inode: number) => boolean;
  readonly device?: number;
}

export class RunStory {
  readonly events: Event[] = [];
  /** What was asked of the kernel program, as it sees it: x, length, vector. */
  readonly asked: (readonly [command: string, x: bigint, length: bigint, vector: bigint])[] = [];
  readonly run: Run;
  /** How often it was said that holders may have changed. */
  changes = 0;
  #reading = 0;

  constructor({
    reads = ["@d", "@a", "@s0", "@s1", "@r"],
    isGone = () => false,
    device = secretDevice,
  }: RunStoryOptions = {}) {
    let generation = 0;
    this.run = new Run({
      epoch: 1,
      plan: { reads, exactStarts: true } as unknown as Plan,
      device,
      commands: new Commands({
        mincore: (...args: [bigint, bigint, bigint]) => this.#hear(args),
      } as unknown as SystemCalls),
      emit: (event) => this.events.push(event),
      now: () => monotonicNs(5n),
      nextGeneration: () => ++generation,
      cgroupPath: (id) => (id === 77n ? "/box" : null),
      cgroupOfProcess: () => null,
      startOf: () => startTicks(1),
      isGone,
      onReading: () => {},
      onChange: () => this.changes++,
    });
  }

  line(...data: Value[]): void {
    this.run.receive({ type: "value", data });
  }

  receive(...messages: Message[]): void {
    for (const message of messages) this.run.receive(message);
  }

  /** Asks for a reading and gives it; `before` arrives between tick and tock, after the maps. */
  read(maps: Readonly<Record<string, Value>>, before: readonly Message[] = [], active = 0): void {
    this.run.ask();
    this.#reading++;
    this.line("tick", this.#reading, 9, active);
    for (const [name, data] of Object.entries(maps)) this.receive({ type: "map", name, data });
    this.receive(...before);
    this.line("tock", this.#reading);
  }

  /** Events of these kinds, without their times. */
  said(...kinds: Event["kind"][]): unknown[] {
    return this.events.filter(({ kind }) => kinds.includes(kind)).map(({ at: _, ...event }) => event);
  }

  /** Everything asked but readings. */
  get orders(): readonly (readonly [string, bigint, bigint, bigint])[] {
    return this.asked.filter(([command]) => command !== "read");
  }

  #hear([address, length, vector]: [bigint, bigint, bigint]) {
    this.asked.push([names[Number(address & 0xfffn)] ?? "?", address >> 12n, length, vector]);
    return { ok: false, errno: 22, code: "EINVAL" };
  }
}
